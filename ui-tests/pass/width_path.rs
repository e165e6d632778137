//! By its path.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: core::primitive::u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
