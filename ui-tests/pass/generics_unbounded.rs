//! A parameter needs no bound: the derive adds that it is a map value.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Pair<K, V> {
    key: K,
    value: [V; 2],
}

fn main() {
    let pair = Mapping::memfd(4096).unwrap().var::<Pair<u32, Pair<u8, bool>>>(0).unwrap();
    pair.value[1].value[0].store(true);
    assert!(pair.load().value[1].value[0]);
}
