//! One that is.
#![forbid(unsafe_code)]

use std::num::Wrapping;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Wrapping<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
