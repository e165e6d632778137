//! The one that is used.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Pair(u32, u32);

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Pair>();
}
