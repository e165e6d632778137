//! A `Pod` of aya with a hole, which aya would read uninitialised.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    kind: u32,
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
