//! An alignment that is no power of two is rustc's error alone.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, align(48))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
