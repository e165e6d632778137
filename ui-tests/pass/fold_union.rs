//! A union is taken from one CPU.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, PerCpu};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    whole: u32,
    halves: [u16; 2],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    #[map_value(fold = "first")]
    word: Word,
}

fn main() {
    let stats = PerCpu::from_fn(|_| Stats { word: Word { whole: 7 } }).unwrap();
    let _ = stats.sum();
}
