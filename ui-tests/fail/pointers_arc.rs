//! Counted for this process alone.
#![forbid(unsafe_code)]

use std::sync::Arc;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Arc<u32>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
