//! It is met behind a reference.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::{Mapping, Shared};

fn main() {
    let var = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: &Shared<u64> = &var;
    let _ = (&*var, AtomicU64::new(0));
}
