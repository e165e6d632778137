//! An enum as wide as a pointer.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(usize)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
}
