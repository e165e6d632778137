//! An array of structs that are no map values: the error is about the element.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[repr(C)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    queues: [[Inner; 4]; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
