//! With an argument that is a map value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    sample: Sample<u64>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
