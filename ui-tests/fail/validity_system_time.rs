//! A `SystemTime` likewise.
#![forbid(unsafe_code)]

use std::time::SystemTime;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: SystemTime,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
