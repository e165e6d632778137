//! Two fields of one name in C.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    #[map_value(rename = "id")]
    first: u32,
    id: u32,
}

fn main() {
    assert_eq!(Value::LAYOUT.fields()[0].c_name(), "id");
}
