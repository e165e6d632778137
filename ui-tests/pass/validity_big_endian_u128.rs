//! Two halves in network order.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U64};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    address: [U64<BigEndian>; 2],
}

fn main() {
    assert!(size_of::<Value>() > U64::<BigEndian>::ZERO.get() as usize);
}
