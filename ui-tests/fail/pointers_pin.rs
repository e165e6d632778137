//! A pinned box.
#![forbid(unsafe_code)]

use std::pin::Pin;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Pin<Box<u32>>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
