//! Arithmetic is the crate's to give.
#![forbid(unsafe_code)]

use mapvalue::{Integer, MapValue};

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

impl Integer for Mode {}

fn integer<T: Integer>(_: T) {}

fn main() {
    integer(1u8);
    let _ = Mode::Off;
}
