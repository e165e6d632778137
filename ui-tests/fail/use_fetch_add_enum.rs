//! An enum has no arithmetic.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    count: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.mode.fetch_add(Mode::Off);
}
