//! The same in a field: the error stands on the field's type.
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
    sample: Sample<usize>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
