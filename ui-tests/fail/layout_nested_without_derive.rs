//! A nested struct that is no map value itself.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[repr(C)]
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
    assert!(size_of::<Value>() > 0);
}
