//! An option of a function is an address or null.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<extern "C" fn()>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
