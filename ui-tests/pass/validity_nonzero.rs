//! An option of it takes zero for `None`.
#![forbid(unsafe_code)]

use std::num::NonZeroU32;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<NonZeroU32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
