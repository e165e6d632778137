//! A comparison with an enum returns what was there, which may be none.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Debug)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    mode.compare_exchange(Mode::Off, Mode::Off).unwrap();
}
