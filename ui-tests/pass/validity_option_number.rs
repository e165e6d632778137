//! An option of a `NonZero` has none.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<std::num::NonZeroU32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
