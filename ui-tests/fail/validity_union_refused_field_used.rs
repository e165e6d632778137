//! A union with a refused field, used.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Size {
    bytes: usize,
    pages: u32,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    size: Size,
    limit: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.size.bytes().store(1);
    value.size.pages().fetch_add(1);
    assert_eq!(value.load().limit, value.limit.load());
}
