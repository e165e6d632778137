//! An array.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [u8; 12],
}

fn main() {}
