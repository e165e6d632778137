//! A value that borrows.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value<'a> {
    name: &'a [u8; 16],
}

fn main() {}
