//! None.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

fn main() {
    let _ = Mode::Off;
}
