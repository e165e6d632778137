//! A wrapper of the standard library that is no map value.
#![forbid(unsafe_code)]

use std::num::Saturating;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Saturating<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
