//@ pass: attr_crate_renamed
//! `crate` may name `mapvalue` under another name.
#![forbid(unsafe_code)]

extern crate mapvalue as shared_memory;

use shared_memory::{MapValue, Mapping};

#[derive(MapValue)]
#[map_value(crate = "shared_memory")]
#[repr(C)]
struct Stats {
    packets: u64,
}

fn main() {
    Mapping::memfd(4096).unwrap().var::<Stats>(0).unwrap().packets.store(1);
}
