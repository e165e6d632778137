//! Not forgotten.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[repr(C)]
#[derive(MapValue)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    inner: Inner,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    assert_eq!(value.load().inner.packets, 0);
}
