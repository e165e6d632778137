//! One that does.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
}

fn main() {
    let _ = Value { mode: Mode::Off };
}
