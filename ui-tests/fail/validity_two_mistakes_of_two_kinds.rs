//! Two mistakes, one of which is seen in the syntax, are told at once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    letter: char,
    next: *const u8,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
