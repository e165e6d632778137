//! A cell is for one thread.
#![forbid(unsafe_code)]

use std::cell::Cell;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Cell<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
