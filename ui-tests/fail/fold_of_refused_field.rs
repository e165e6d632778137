//! A field that is no value is told of once, however it folds.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "last")]
    field: String,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Default::default() }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
