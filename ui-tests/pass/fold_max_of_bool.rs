//! A number has a maximum.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max")]
    field: u8,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Default::default() }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
