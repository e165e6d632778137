//! A struct around the one that is used.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Pair<T> {
    first: T,
    second: T,
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(transparent)]
struct Value(Pair<u32>);

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
