//! `try_load` checks it.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    let Mode::Off = config.mode.try_load().unwrap();
}
