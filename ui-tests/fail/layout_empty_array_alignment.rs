//! The element of an empty array is judged like any other.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [usize; 0],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
