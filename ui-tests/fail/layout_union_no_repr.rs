//! A union without a repr.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    assert!(size_of::<Word>() > 0);
}
