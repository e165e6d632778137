//! The methods.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.number().store(1);
}
