//! With one that is.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Sample<u32>>(0);
}
