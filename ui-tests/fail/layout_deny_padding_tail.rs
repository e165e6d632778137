//! `deny_padding` and bytes that are left at the end.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    packets: u64,
    drops: u32,
    live: bool,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
