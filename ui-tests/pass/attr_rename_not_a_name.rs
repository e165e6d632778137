//! The name in C is the identifier alone.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(rename = "conn_info")]
#[repr(C)]
struct Connection {
    kind: u32,
}

fn main() {
    assert_eq!(Connection::LAYOUT.name(), "Connection");
}
