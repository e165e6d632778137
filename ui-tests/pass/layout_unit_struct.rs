//! A struct with a field has one.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value(u8);

fn main() {
    assert_eq!(align_of::<Value>(), 1);
    assert_eq!(Value::LAYOUT.size(), 1);
}
