//! A struct around its integer.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(transparent)]
struct Value(u32);

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = [Value(0), Value(1)];
    is_pod::<Value>();
}
