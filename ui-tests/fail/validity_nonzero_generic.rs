//! The same in the generic spelling.
#![forbid(unsafe_code)]

use std::num::NonZero;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZero<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
