//! A struct of its bytes.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    v6: [u32; 4],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
