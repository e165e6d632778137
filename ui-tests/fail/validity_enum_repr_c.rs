//! `repr(C)` leaves the size of an enum to the C compiler.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
}
