//! No name is none.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Connection {
    #[map_value(rename = "_")]
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.fields()[0].name(), "kind");
}
