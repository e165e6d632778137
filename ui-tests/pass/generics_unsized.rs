//! One that has.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value<T: ?Sized> {
    length: u32,
    tail: T,
}

fn main() {
    let _ = mapvalue::Mapping::memfd(4096).unwrap().var::<Value<[u8; 4]>>(0);
}
