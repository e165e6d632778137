//! A union with `repr(C)`: every field at its start.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    assert!(size_of::<Word>() > 0);
    assert!(Word::LAYOUT.fields().iter().all(|field| field.offset() == 0));
}
