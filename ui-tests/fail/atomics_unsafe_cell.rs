//! The cell under all others.
#![forbid(unsafe_code)]

use std::cell::UnsafeCell;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: UnsafeCell<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
