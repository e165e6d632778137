//! A slice as the last field.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [u8],
}

fn main() {}
