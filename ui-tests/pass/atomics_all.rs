//! Atomic integers of every width and sign, and arrays of them.
#![forbid(unsafe_code)]

use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering,
};

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    a: AtomicU64,
    b: AtomicI64,
    c: AtomicU32,
    d: AtomicI32,
    e: AtomicU16,
    f: AtomicI16,
    g: AtomicU8,
    h: AtomicI8,
    each: [[AtomicU32; 2]; 2],
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    counters.each[1][0].fetch_add(5);
    let in_place: &Counters = counters.as_ref();
    in_place.each[1][0].fetch_add(1, Ordering::SeqCst);
    in_place.h.store(-1, Ordering::Relaxed);
    assert_eq!((counters.each[1][0].load(), counters.h.load()), (6, -1));
}
