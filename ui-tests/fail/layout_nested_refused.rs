//! A nested struct that derives `MapValue` and is refused: the mistake is told once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Inner {
    next: *const u8,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    inner: Inner,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
