//! The words stand on the element of an array.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [(u8, u8); 4],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
