//! Variants are compared by value, so they have no other name.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(rename = "mode")]
#[repr(u32)]
enum Mode {
    #[map_value(rename = "MODE_OFF")]
    Off,
}

fn main() {
    assert_eq!(Mode::Off as u32, 0);
}
