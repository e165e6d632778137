//! The same with a sign.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicIsize;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicIsize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
