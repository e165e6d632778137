//! An atomic offset.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicU64;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicU64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
