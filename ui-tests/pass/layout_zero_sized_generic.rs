//! A use in which it has.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Buffer<const N: usize> {
    bytes: [u8; N],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Buffer<1>>(0);
}
