//! `deny_padding` and a hole between two fields.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    kind: u8,
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
