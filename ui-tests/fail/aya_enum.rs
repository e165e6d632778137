//! A `Pod` of aya with an enum deep inside, of which not every number is a variant.
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
    mode: Mode,
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
