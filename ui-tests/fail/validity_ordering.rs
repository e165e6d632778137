//! An enum of the standard library: not every number is one.
#![forbid(unsafe_code)]

use std::cmp::Ordering;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Ordering,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
