//@ pass: context_expression_lengths
//! The length of an array may be an expression.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

const N: usize = 3;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    a: [u8; N * 2 - 1],
    b: [u8; { N + 1 } * 2],
    c: [u8; size_of::<u64>()],
    d: [u8; u8::MAX as usize / 5],
    e: [u8; (N << 1) & 6],
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 5 + 8 + 8 + 51 + 6);
}
