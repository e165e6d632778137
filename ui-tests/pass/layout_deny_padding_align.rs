//! The line filled.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C, align(64))]
struct Line {
    packets: u64,
    _rest: [u64; 7],
}

fn main() {
    assert!(size_of::<Line>() > 0);
    assert_eq!(Line::LAYOUT.size(), 64);
}
