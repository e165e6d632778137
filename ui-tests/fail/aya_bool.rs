//! A `Pod` of aya with a `bool`, of which a BPF program may store 2.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u32,
    live: bool,
    _unused: [u8; 3],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
