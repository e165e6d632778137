//! An `Ipv4Addr` likewise.
#![forbid(unsafe_code)]

use std::net::Ipv4Addr;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Ipv4Addr,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
