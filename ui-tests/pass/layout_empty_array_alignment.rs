//! An empty array of a map value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [u64; 0],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.align(), 8);
}
