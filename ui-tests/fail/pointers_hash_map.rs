//! A table of this process.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: HashMap<u32, u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
