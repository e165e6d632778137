//! A use in which it is aligned.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};
use zerocopy::big_endian;

#[derive(MapValue)]
#[repr(C)]
struct Tagged<T> {
    tag: u16,
    value: T,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Tagged<big_endian::U16>>(0);
}
