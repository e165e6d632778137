//! A value that owns what it says.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    name: [u8; 16],
}

fn main() {}
