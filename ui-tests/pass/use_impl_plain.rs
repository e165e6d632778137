//! `try_load` needs no promise.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Plain};

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    On = 1,
}

fn plain<T: Plain>(_: T) {}

fn main() {
    plain(1u8);
    assert_eq!(Mode::On.to_bytes(), [1]);
}
