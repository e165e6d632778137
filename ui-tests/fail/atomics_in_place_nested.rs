//! A struct inside that has a plain field.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU32, AtomicU64};

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Inner {
    a: AtomicU32,
    b: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    inner: Inner,
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let _: &Counters = counters.as_ref();
}
