//! A union as a `Pod` of aya.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
union Value {
    v4: u32,
    v6: [u32; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
