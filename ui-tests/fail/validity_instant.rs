//! An `Instant` likewise.
#![forbid(unsafe_code)]

use std::time::Instant;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Instant,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
