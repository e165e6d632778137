//! A `Pod` of aya with padding in the end.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: u64,
    kind: u32,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
