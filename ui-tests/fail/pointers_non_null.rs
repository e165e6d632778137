//! `NonNull` is an address in this process.
#![forbid(unsafe_code)]

use std::ptr::NonNull;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonNull<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
