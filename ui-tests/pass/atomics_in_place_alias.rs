//! An alias to an atomic.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::{MapValue, Mapping};

type Count = AtomicU64;

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    bytes: [Count; 2],
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let _: &Counters = counters.as_ref();
}
