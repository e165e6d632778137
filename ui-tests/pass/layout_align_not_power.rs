//! One that is.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, align(32))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 32);
}
