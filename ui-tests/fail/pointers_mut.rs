//! A raw pointer to write through.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: *mut u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
