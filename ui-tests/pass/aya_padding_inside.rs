//! The type of the field is without padding.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Inner {
    packets: u64,
    kind: u64,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    inner: [Inner; 2],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
