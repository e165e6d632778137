//! A mapping begins at a page: no place in it can promise more.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, align(8192))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
