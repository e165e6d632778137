//! `try_compare_exchange` checks what was there.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Debug)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    mode.try_compare_exchange(Mode::Off, Mode::Off).unwrap();
}
