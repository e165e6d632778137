//! A struct that borrows and holds a `String` is two mistakes, told at once.
#![forbid(unsafe_code)]
#![allow(dead_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value<T> {
    value: T,
    text: [u8; 4],
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u8>>(0).unwrap();
    value.id.store(1);
    let _ = value.load().id;
}
