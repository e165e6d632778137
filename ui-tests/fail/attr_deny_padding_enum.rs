//! An enum has no padding to deny.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(u8)]
enum Mode {
    Off,
}

fn main() {
    assert_eq!(Mode::LAYOUT.size(), 1);
    let _ = Mode::Off;
}
