//! 64 bits.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicI64;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicI64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
