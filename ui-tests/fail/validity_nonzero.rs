//! Zero, of which new maps are full, is no `NonZero`.
#![forbid(unsafe_code)]

use std::num::NonZeroU32;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZeroU32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
