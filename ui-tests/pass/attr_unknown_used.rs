//! Without the mistake.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    stats.packets.fetch_add(1);
    assert_eq!(stats.load().packets, Stats::LAYOUT.size() as u64 - 7);
}
