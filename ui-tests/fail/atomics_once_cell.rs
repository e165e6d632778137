//! Set once, by this process.
#![forbid(unsafe_code)]

use std::cell::OnceCell;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: OnceCell<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
