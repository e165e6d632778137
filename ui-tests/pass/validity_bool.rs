//! A `bool` is true when the byte is not zero, and is stored as 0 or 1.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    live: bool,
    flags: [bool; 3],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let value = mapping.var::<Value>(0).unwrap();
    mapping.write_at(0, &[2, 0, 255, 0]).unwrap();
    assert_eq!((value.load().live, value.load().flags), (true, [false, true, false]));
    value.live.store(true);
    assert_eq!(value.live.load_byte(), 1);
}
