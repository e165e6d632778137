//! A weak count.
#![forbid(unsafe_code)]

use std::sync::Weak;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Weak<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
