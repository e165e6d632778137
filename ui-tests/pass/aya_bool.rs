//! The byte that it is.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u32,
    live: u8,
    _unused: [u8; 3],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
