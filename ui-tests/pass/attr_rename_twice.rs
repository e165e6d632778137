//! It is given once.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "type")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}
