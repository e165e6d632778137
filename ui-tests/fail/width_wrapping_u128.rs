//! `Wrapping` of 16 bytes.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Wrapping<u128>,
}

fn main() {
    let _ = Value { field: Wrapping(1) }.field;
}
