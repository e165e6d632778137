//! A lock of this process.
#![forbid(unsafe_code)]

use std::sync::Mutex;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Mutex<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
