//! Nor of a field of one.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: [u64; 4],
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.read_only().packets[2].store(1);
}
