//! Its fields are.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.byte().store(1);
}
