//! An unknown repr alone: rustc's error, and no word that a repr is missing.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(c)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
