//! Integers have it.
#![forbid(unsafe_code)]

use mapvalue::{Integer, MapValue};

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

fn integer<T: Integer>(_: T) {}

fn main() {
    integer(1u8);
    let _ = Mode::Off;
}
