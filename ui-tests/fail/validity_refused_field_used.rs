//! A struct with a refused field that is also used: the use is not to blame as well.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    count: usize,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    assert_eq!(value.load().id, 1);
}
