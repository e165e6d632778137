//! A struct of a field of it is.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

fn main() {
    let word = Word::from_bytes(&[1, 0, 0, 0]).unwrap();
    let _ = (word, 1u32.to_bytes());
}
