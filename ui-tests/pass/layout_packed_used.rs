//! Without the mistake.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Value {
    id: u32,
    size: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    value.store(value.load());
    assert_eq!(value.project(|value| &value.size).load(), 0);
}
