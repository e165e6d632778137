//! The ways that there are.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")]
    field: u64,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: 1 }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
