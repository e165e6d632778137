//! The end filled with a field of its own.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    kind: u32,
    _unused: [u8; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
