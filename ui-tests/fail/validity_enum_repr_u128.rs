//! An enum wider than one access moves.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(i128)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
}
