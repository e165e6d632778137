//! An enum that implements no `Drop`.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
    On = 7,
}

impl Mode {
    fn _drop(&mut self) {}
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
    id: u32,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.mode.store(Mode::On);
    config.id.store(1);
    assert_eq!(config.try_load().unwrap().id, 1);
    let _ = Mode::Off;
}
