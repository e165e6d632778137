//! A struct with a plain field is never seen as `&T`.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    bytes: u64,
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let in_place: &Counters = counters.as_ref();
    in_place.packets.fetch_add(1, Ordering::Relaxed);
    assert_eq!(counters.packets.load(), 1);
}
