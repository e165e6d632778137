//! An option of a `bool` has numbers that are no value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<bool>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
