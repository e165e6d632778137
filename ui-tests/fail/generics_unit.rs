//! Nothing is a tuple, too.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: (),
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
