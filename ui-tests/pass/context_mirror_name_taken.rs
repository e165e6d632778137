//! It is free.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    id: u32,
}

struct StatsOwned;

fn main() {
    assert_eq!(size_of::<Stats>(), 4);
    let _ = StatsOwned;
}
