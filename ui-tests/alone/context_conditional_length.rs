//@ pass: context_conditional_length
//! The length of an array may be an `if`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    a: [u8; if cfg!(unix) { 3 } else { 4 }],
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 3);
}
