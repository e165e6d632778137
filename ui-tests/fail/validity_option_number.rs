//! An option of a number has a tag beside it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
