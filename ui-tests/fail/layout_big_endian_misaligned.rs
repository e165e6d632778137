//! A big-endian integer that does not lie at a multiple of its width, as the `__be32` of C would.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U16, U32};

#[derive(MapValue)]
#[repr(C)]
struct Key {
    port: U16<BigEndian>,
    address: U32<BigEndian>,
}

fn main() {
    assert!(size_of::<Key>() > 0);
}
