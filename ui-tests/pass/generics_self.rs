//! The name.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

trait Sized2 {
    type Word;
}

impl Sized2 for Value {
    type Word = u32;
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    word: <Value as Sized2>::Word,
}

fn main() {
    assert_eq!(size_of::<Value>(), 4);
}
