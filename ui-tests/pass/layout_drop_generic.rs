//! The same struct without `Drop`.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value<T> {
    inner: T,
}

impl<T> Value<T> {
    fn drop(&mut self) {}
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Value<u32>>(0);
}
