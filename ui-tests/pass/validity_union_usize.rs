//! A fixed width.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    count: u64,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}
