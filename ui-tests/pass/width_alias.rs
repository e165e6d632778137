//! An alias to `u64`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

type Count = u64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: Count,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
