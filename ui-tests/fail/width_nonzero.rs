//! `NonZeroUsize` is a pointer wide.
#![forbid(unsafe_code)]

use std::num::NonZeroUsize;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZeroUsize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
