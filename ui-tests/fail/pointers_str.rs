//! A `str` as the last field.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: str,
}

fn main() {}
