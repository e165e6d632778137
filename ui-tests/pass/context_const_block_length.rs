//! A `const` block, a condition and a block as the length of an array.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    bytes: [u8; const { size_of::<u32>() }],
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 4);
}
