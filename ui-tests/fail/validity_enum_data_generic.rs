//! An enum with data of the type of a parameter is one mistake.
#![forbid(unsafe_code)]
#![allow(dead_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode<T> {
    Off,
    On(T),
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode<u32>,
    id: u32,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.id.store(1);
    let _ = config.mode.try_load();
}
