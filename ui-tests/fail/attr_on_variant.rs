//! Nor has a variant.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    #[map_value(default)]
    Off,
}

fn main() {
    let _ = Mode::Off;
}
