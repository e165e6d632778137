//! The integer of the enum.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Inner {
    mode: u32,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u32,
    inner: [Inner; 3],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Mode::Off, Mode::On];
    is_pod::<Value>();
}
