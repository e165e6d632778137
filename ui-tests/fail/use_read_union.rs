//! To read a field of a loaded union is to claim that it is the one: plain unsafe Rust.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    assert_eq!(word.load().bytes[0], 0);
}
