//@ case: attr_evil_enum_repr
//! An attribute macro below the derive gives an enum another repr of equal size, with padding.
#![forbid(unsafe_code)]

use mapvalue::MapValue;
use mapvalue_ui_evil::instead; //~

#[derive(MapValue)]
#[instead(#[repr(u8, align(2))] enum Mode { Off, On })] //~
#[repr(u16)]
enum Mode {
    Off,
    On,
}

fn main() {
    let _ = [Mode::Off, Mode::On];
}
