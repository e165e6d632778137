//! An option of a reference is an address or null.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<&'static u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
