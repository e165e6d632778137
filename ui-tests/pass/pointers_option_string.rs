//! What it says to write.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: [u8; 16],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
