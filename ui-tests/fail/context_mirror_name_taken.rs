//! The name of the mirror is taken.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    id: u32,
}

struct StatsShared;

fn main() {
    assert_eq!(size_of::<Stats>(), 4);
}
