//! Not every number is a `char`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: char,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
