//! The same with a sign.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: isize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
