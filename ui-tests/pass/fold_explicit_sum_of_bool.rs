//! Of a number it may be said.
#![forbid(unsafe_code)]

use mapvalue::{MapValue};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "sum")]
    field: u8,
}

fn main() {
    let _ = Stats { packets: 1, field: Default::default() };
}
