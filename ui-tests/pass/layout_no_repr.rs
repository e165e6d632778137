//! A struct with `repr(C)` has the layout of the C struct.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    live: u8,
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.fields()[1].offset(), 8);
}
