//! It does lie well: without `packed` the layout is the same.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Header {
    kind: u16,
    flags: u16,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    assert_eq!(Header::LAYOUT.fields()[2].offset(), 4);
}
