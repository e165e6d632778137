//! A cell with a count for one thread.
#![forbid(unsafe_code)]

use std::cell::RefCell;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: RefCell<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
