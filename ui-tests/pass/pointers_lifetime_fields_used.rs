//! A struct that owns what it holds, and whose fields are used.
#![forbid(unsafe_code)]
#![allow(dead_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    name: [u8; 4],
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    let id = value.project(|value| &value.id);
    assert_eq!(id.load(), value.load().id);
    assert_eq!(value.name[0].load(), value.load().name[0]);
}
