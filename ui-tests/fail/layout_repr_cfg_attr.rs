//! A repr that a condition leaves out is none.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[cfg_attr(not(unix), repr(C))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
