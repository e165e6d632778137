//! A generic struct with `Drop` is refused where it is used.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value<T> {
    inner: T,
}

impl<T> Drop for Value<T> {
    fn drop(&mut self) {}
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Value<u32>>(0);
}
