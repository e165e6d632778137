//! Attributes stand in any order.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[repr(C)]
#[derive(Clone, Copy, MapValue)]
struct Value {
    packets: u64,
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 8);
}
