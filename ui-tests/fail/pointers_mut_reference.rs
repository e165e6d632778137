//! A mutable reference likewise.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: &'static mut u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
