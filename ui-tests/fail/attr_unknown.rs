//! An unknown attribute: the words name those that exist.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(rename_all = "x")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}
