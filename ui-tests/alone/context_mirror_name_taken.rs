//@ case: context_mirror_name_taken, 3 errors
//! The name of the mirror must be free.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    id: u32,
}

struct StatsShared; //~ struct StatsOwned;

fn main() {
    assert_eq!(size_of::<Stats>(), 4);
    //~ let _ = StatsOwned;
}
