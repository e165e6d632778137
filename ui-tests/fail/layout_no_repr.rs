//! A struct without a repr: its layout is Rust's to choose.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
struct Value {
    live: u8,
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
