//! Text by reference.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: &'static str,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
