//! An alias that is spelled like a number and is another one.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::{MapValue, Mapping};

type u32 = u8;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: u32,
    id: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    let _ = value.next.load();
    value.id.store(1);
    let copy = value.load();
    value.store(Value { id: 2, ..copy });
}
