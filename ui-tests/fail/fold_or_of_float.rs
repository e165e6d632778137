//! A float has no bits to combine.
#![forbid(unsafe_code)]

use mapvalue::{MapValue};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "or")]
    field: f64,
}

fn main() {
    let _ = Stats { packets: 1, field: 0.0 };
}
