//! An enum has no order of its own.
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
    field: Mode,
}

fn main() {
    let _ = Stats { packets: 1, field: Mode::Drop };
}
