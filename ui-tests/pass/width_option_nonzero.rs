//! 64 bits.
#![forbid(unsafe_code)]

use std::num::NonZeroU64;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<NonZeroU64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
