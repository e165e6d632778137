//! The layout of an `IpAddr` is the standard library's own.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: IpAddr,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
