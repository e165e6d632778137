//! The layout of a `Duration` is the standard library's own.
#![forbid(unsafe_code)]

use std::time::Duration;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Duration,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
