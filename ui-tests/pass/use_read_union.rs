//! Through a handle the same is safe.
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
    assert_eq!(word.bytes()[0].load(), 0);
}
