//! An argument that leaves no hole.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Tagged<T> {
    tag: u64,
    value: T,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Tagged<[u32; 2]>>(0);
}
