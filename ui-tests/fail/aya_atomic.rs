//! A `Pod` of aya with an atomic, which is not `Copy`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    packets: std::sync::atomic::AtomicU64,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
