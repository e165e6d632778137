//! Counted for one thread alone.
#![forbid(unsafe_code)]

use std::rc::Rc;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Rc<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
