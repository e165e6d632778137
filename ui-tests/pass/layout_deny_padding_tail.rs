//! The end filled with a field of its own.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    packets: u64,
    drops: u32,
    live: bool,
    _unused: [u8; 3],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 16);
}
