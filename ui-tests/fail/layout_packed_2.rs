//! `packed(2)` misaligns whatever is wider, unless it happens to lie well.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, packed(2))]
struct Header {
    kind: u16,
    flags: u16,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
}
