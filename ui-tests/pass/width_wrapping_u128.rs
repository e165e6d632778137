//! Of 8 bytes.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Wrapping<u64>,
}

fn main() {
    let _ = Value { field: Wrapping(1) }.field;
}
