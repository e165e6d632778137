//! One field folds in one way.
#![forbid(unsafe_code)]

use mapvalue::{MapValue};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    #[map_value(fold = "max", fold = "min")]
    field: u64,
}

fn main() {
    let _ = Stats { packets: 1, field: 1 };
}
