//! It is given once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding, deny_padding)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(Stats::LAYOUT.size(), 8);
}
