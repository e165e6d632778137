//! A mirror cannot be built either: it is made of cells.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats = Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap();
    let mirror: StatsShared = StatsShared { packets: 7 };
    mirror.packets.store(1);
}
