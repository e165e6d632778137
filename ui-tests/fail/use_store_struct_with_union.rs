//! Nor is a struct with a union inside.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    byte: u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    words: [Word; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.store(Value { words: [Word { byte: 1 }, Word { number: 2 }] });
}
