//! An index.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
