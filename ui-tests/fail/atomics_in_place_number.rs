//! A number is never seen as `&u64`.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::Mapping;

fn main() {
    let number = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: &u64 = number.as_ref();
    assert_eq!(size_of::<AtomicU64>(), 8);
}
