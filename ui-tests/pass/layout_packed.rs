//! Without `packed` each field is aligned.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    assert!(Header::LAYOUT.fields()[1].offset() > 0);
}
