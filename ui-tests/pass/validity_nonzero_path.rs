//! An option of it by its path.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: core::option::Option<core::num::NonZeroI16>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
