//! 16 bytes in network order are too wide, too.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U64};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    address: zerocopy::byteorder::U128<BigEndian>,
}

fn main() {
    assert!(size_of::<Value>() > U64::<BigEndian>::ZERO.get() as usize);
}
