//! A struct that derives `MapValue`.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Var};

#[derive(Clone, MapValue)]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    let stats: Var<Stats> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    let _ = (stats, Stats { packets: 0 }.clone(), u64::LAYOUT);
}
