//! Nor of a struct with an enum inside.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Rule {
    id: u32,
    mode: Mode,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    rules: [Rule; 2],
    raw: [u8; 16],
}

fn main() {
    let _ = (Value { raw: [0; 16] }, Mode::Off);
}
