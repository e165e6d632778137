//! Memory of a map is never uninitialised.
#![forbid(unsafe_code)]

use std::mem::MaybeUninit;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: MaybeUninit<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
