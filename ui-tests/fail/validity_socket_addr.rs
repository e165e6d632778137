//! A `SocketAddr` likewise.
#![forbid(unsafe_code)]

use std::net::SocketAddr;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: SocketAddr,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
