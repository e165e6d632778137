//! An alias to an index.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

type Next = u32;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    next: Next,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
