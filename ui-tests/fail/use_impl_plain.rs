//! `Plain` is not either: it would let a load make an invalid enum.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Plain};

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    On = 1,
}

impl Plain for Mode {}

fn plain<T: Plain>(_: T) {}

fn main() {
    plain(1u8);
    assert_eq!(Mode::On.to_bytes(), [1]);
}
