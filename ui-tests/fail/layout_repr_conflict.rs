//! Reprs that contradict each other are rustc's error alone.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, transparent)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
