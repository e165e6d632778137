//! A field of a union as wide as a pointer: its own words.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    count: usize,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}
