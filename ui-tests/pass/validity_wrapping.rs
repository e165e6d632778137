//! `Wrapping` is the number inside, with its arithmetic.
#![forbid(unsafe_code)]

use std::num::Wrapping;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    sequence: Wrapping<u16>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.sequence.fetch_sub(Wrapping(1));
    assert_eq!(value.load().sequence, Wrapping(u16::MAX));
}
