//! The size of an enum without a repr is Rust's to choose.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
enum Mode {
    Off,
    On,
}

fn main() {
    let modes = [Mode::Off, Mode::On];
    assert!(size_of_val(&modes) > 0);
}
