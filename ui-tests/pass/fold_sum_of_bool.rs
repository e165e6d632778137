//! A `bool` says how it folds.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "or")]
    field: bool,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: true }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
