//! A name in C does not begin with a digit.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "4tuple")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}
