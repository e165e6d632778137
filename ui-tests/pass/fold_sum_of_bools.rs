//! An array of `bool` folds element by element.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "and")]
    field: [bool; 4],
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: [true; 4] }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
