//! A generic struct of the standard library.
#![forbid(unsafe_code)]

use std::ops::Range;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Range<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
