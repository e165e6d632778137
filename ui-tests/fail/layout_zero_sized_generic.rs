//! A generic struct that has no size in one use.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Buffer<const N: usize> {
    bytes: [u8; N],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Buffer<0>>(0);
}
