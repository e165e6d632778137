//! One of 8 bytes.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(i64)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
    assert_eq!(Mode::LAYOUT.size(), 8);
}
