//! A mirror can be taken apart by reference.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
    drops: [u32; 2],
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let StatsShared { packets, drops: [_, late] } = &*stats;
    late.store(2);
    assert_eq!((packets.load(), stats.load().drops), (0, [0, 2]));
}
