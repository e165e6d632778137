//! `ManuallyDrop` is no map value: nothing in a map is dropped anyway.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: std::mem::ManuallyDrop<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
