//! A condition that does not hold brings nothing in.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
#[cfg_attr(not(unix), repr(packed))]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    assert_eq!(Header::LAYOUT.size(), 8);
}
