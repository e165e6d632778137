//! `try_load` checks it.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    let Mode::Off = mode.try_load().unwrap();
}
