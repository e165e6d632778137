//! Nor is `Leaf`.
#![forbid(unsafe_code)]

use mapvalue::{Leaf, MapValue};

#[derive(MapValue)]
#[repr(u32)]
enum Word {
    Zero,
}

#[derive(MapValue)]
#[repr(transparent)]
struct Wrapper(u32);

impl Leaf for Wrapper {}

fn leaf<T: Leaf>() {}

fn main() {
    leaf::<Word>();
    let _ = (Word::Zero, Wrapper(0));
}
