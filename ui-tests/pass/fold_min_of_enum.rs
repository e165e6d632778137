//! A number has.
#![forbid(unsafe_code)]

use mapvalue::{MapValue};

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Drop,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "min")]
    field: u32,
}

fn main() {
    let _ = Stats { packets: 1, field: Mode::Drop as u32 };
}
