//! A union with an alignment of its own.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C, align(16))]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    assert_eq!((Word::LAYOUT.size(), Word::LAYOUT.align()), (16, 16));
    let word = Mapping::memfd(4096).unwrap().var::<Word>(16).unwrap();
    word.number().store(u32::from_ne_bytes([1, 2, 3, 4]));
    assert_eq!(word.bytes()[2].load(), 3);
}
