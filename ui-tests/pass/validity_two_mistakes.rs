//! None.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    letter: u32,
    count: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
