//! `Self` in the length of an array likewise.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    words: [u32; Self::LEN],
}

impl Value {
    const LEN: usize = 3;
}

fn main() {
    assert_eq!(size_of::<Value>(), 12);
}
