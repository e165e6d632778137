//! The enum's integer instead.
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
    mode: u32,
    raw: u32,
}

fn main() {
    let _ = (Value { raw: 0 }, Mode::Off);
}
