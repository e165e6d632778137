//@ case: attr_crate_missing, 2 errors
//! `crate` must name a crate or module that exists.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(crate = "crate::missing")] //~ #[map_value(crate = "mapvalue")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    assert_eq!(size_of::<Stats>(), 8);
}
