//! A condition as the length of an array.
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
