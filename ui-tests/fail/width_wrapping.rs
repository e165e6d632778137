//! Wrapped.
#![forbid(unsafe_code)]

use std::num::Wrapping;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Wrapping<usize>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
