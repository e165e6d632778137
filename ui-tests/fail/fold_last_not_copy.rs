//! What is not `Copy` stays the first CPU's.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone)]
#[repr(C)]
struct Once {
    word: u64,
}

#[derive(MapValue, Clone)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "last")]
    field: Once,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Once { word: 7 } }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
