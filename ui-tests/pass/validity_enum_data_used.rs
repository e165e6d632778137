//! Without the mistake.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
    Limit,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    id: u32,
    modes: [Mode; 2],
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.modes[0].store(Mode::Off);
    assert!(config.modes[1].try_load().is_ok() && config.id.load() == 0);
    config.store(config.try_load().unwrap());
}
