//! The hole filled with a field of its own.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    kind: u8,
    _unused: [u8; 7],
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 16);
}
