//! A field that is a map value whatever the parameter.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
    name: [u8; 16],
}

fn main() {
    assert!(size_of::<Sample<u32>>() > 0);
}
