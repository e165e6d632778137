//! Of a handle that may store.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let number = mapping.var::<AtomicU64>(0).unwrap();
    let _: &AtomicU64 = number.as_ref();
}
