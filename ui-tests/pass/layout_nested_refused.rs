//! A nested struct that derives `MapValue` and is accepted.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Inner {
    next: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    inner: Inner,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 8);
}
