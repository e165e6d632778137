//@ pass: context_const_block_length
//! The length of an array may be a `const` block, an `if` or a block.
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
