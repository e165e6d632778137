//! A struct without fields has no size.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value;

fn main() {
    assert_eq!(align_of::<Value>(), 1);
}
