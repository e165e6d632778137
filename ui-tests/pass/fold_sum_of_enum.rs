//! Of an enum, a CPU's value is taken.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Drop,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "last")]
    field: Mode,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { packets: 1, field: Mode::Drop }).unwrap();
    assert_eq!(stats.sum().packets, stats.len() as u64);
}
