//! Made when first used, by this process.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: LazyLock<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
