//! Nor of a whole struct.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let stats = mapping.var_ro::<Stats>(0).unwrap();
    stats.store(Stats { packets: 1 });
}
