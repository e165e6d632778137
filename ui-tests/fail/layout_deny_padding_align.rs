//! `deny_padding` and an alignment that leaves most of a line empty.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C, align(64))]
struct Line {
    packets: u64,
}

fn main() {
    assert!(size_of::<Line>() > 0);
}
