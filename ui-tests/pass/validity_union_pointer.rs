//! An address in the kernel is a number.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    pointer: u64,
    raw: u64,
}

fn main() {
    let _ = Value { raw: 0 };
}
