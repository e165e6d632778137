//! With a path.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya = "::aya")]
#[repr(C)]
struct Value {
    packets: u64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
