//! An `Option` of a time: the words are about the time.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use std::time::SystemTime;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Option<SystemTime>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
