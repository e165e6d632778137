//! Without the word.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

fn main() {
    assert_eq!(Mode::LAYOUT.size(), 1);
    let _ = Mode::Off;
}
