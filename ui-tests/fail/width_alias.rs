//! An alias to `usize`: fields are judged by type.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

type Count = usize;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: Count,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
