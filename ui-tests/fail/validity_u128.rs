//! 16 bytes are more than one access moves.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: u128,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
