//! Without the mistake.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Config {
    mode: Mode,
    log: bool,
}

fn main() {
    let config = Mapping::memfd(4096).unwrap().var::<Config>(0).unwrap();
    config.log.store(true);
    config.mode.store(Mode::On);
    assert!(config.mode.try_swap(Mode::Off).is_ok());
    assert!(config.try_load().is_ok());
}
