//! A field of a union that is no value at all: its own words.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    pointer: *const u8,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}
