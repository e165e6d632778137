//! `deny_padding` counts the padding inside of fields.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Limit {
    rate: u32,
    burst: u16,
    live: bool,
}

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    limits: [Limit; 3],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
