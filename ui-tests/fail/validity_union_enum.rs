//! A union may hold bits that are no value of an enum in it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    mode: Mode,
    raw: u32,
}

fn main() {
    let _ = (Value { raw: 0 }, Mode::Off);
}
