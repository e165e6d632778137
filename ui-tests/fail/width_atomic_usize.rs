//! An atomic as wide as a pointer.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicUsize;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicUsize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
