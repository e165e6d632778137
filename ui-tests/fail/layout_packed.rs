//! A packed struct has misaligned fields.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, packed)]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
}
