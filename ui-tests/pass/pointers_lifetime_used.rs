//! One that does not borrow.
#![forbid(unsafe_code)]
#![allow(dead_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    name: u8,
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    let _ = (value.load(), value.clone());
}
