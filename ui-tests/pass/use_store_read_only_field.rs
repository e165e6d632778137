//! It does on a field that may be stored to.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: [u64; 4],
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.packets[2].store(1);
}
