//! A generic struct as a `Pod` of aya, which could not be checked for all that it may be.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Pair<T>(T, T);

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Pair<u32>>();
}
