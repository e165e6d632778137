//! With the padding that C adds by itself.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use zerocopy::byteorder::{BigEndian, U16, U32};

#[derive(MapValue)]
#[repr(C)]
struct Key {
    port: U16<BigEndian>,
    _unused: [u8; 2],
    address: U32<BigEndian>,
}

fn main() {
    assert!(size_of::<Key>() > 0);
    assert_eq!(Key::LAYOUT.align(), 4);
}
