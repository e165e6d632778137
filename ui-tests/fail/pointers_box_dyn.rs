//! A box of anything.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Box<dyn Send>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
