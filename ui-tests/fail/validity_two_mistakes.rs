//! Two mistakes of one kind in one struct are told at once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    letter: char,
    count: usize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
