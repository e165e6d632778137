//! Elements of an array that would not all be aligned.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue)]
#[repr(C)]
struct Prefix {
    address: U32<BigEndian>,
    length: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    prefixes: [Prefix; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
