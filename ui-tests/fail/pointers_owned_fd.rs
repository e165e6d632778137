//! A descriptor is a number of this process, and owned.
#![forbid(unsafe_code)]

use std::os::fd::OwnedFd;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: OwnedFd,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
