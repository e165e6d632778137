//! The field's own type without padding.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Limit {
    rate: u32,
    burst: u16,
    live: [bool; 2],
}

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    limits: [Limit; 3],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 24);
}
