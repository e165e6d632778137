//! The words stand on the element of an array.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [*mut u32; 4],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
