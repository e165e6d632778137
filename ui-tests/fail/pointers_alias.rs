//! An alias to a pointer: fields are judged by type, not by spelling.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

type Next = *mut u32;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    next: Next,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
