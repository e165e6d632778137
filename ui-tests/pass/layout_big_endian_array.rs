//! Elements with padding at their end.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue)]
#[repr(C)]
struct Prefix {
    address: U32<BigEndian>,
    length: u8,
    _unused: [u8; 3],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    prefixes: [Prefix; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 16);
}
