//! A BPF program may store a byte that is neither 0 nor 1.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicBool;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicBool,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
