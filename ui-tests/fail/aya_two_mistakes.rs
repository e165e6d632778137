//! A `Pod` of aya with three mistakes: each is told at once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    live: bool,
    packets: u64,
    up: bool,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
