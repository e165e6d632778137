//! Another lock of this process.
#![forbid(unsafe_code)]

use std::sync::RwLock;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: RwLock<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
