//! A struct.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value(u32);

fn main() {
    assert_eq!(size_of::<Value>(), 4);
    let _ = u32::LAYOUT;
}
