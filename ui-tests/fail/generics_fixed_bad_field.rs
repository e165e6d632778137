//! A field that does not depend on the parameter is refused where it stands.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
    name: String,
}

fn main() {
    assert!(size_of::<Sample<u32>>() > 0);
}
