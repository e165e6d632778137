//! `AtomicPtr` as well.
#![forbid(unsafe_code)]

use std::sync::atomic::AtomicPtr;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicPtr<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
