//! `deny_padding` where there is none: for a struct, a tuple struct, a nested one, a generic one.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Pair(u32, [u16; 2]);

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value<T> {
    pairs: [Pair; 2],
    last: T,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u64>>(0).unwrap();
    value.last.store(1);
    let size = Value::<u64>::LAYOUT.fields().iter().map(|field| field.layout().size()).sum::<usize>();
    assert_eq!(size, Value::<u64>::LAYOUT.size());
}
