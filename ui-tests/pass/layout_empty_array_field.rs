//! `[T; 0]` as a field: the flexible array member of C, and the usual way to align a struct.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    _align: [u64; 0],
    length: u32,
    data: [u8; 0],
}

fn main() {
    assert_eq!((Value::LAYOUT.size(), Value::LAYOUT.align()), (8, 8));
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.length.store(3);
    assert_eq!((value.load().length, value.data.len()), (3, 0));
}
