//! A function is an address in this process, too.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: fn(u32) -> u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
