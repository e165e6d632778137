//! A generic struct with an argument that is no map value is refused where it is used.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Sample<char>>(0);
}
