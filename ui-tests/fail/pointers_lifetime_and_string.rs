//! A struct that borrows and holds a `String` is two mistakes, told at once.
#![forbid(unsafe_code)]
#![allow(dead_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value<'a, T> {
    value: T,
    name: &'a u8,
    text: String,
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u8>>(0).unwrap();
    value.id.store(1);
    let _ = value.load().id;
}
