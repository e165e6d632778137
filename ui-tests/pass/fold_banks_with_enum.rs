//! It tells which CPU's is none.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
struct Stats {
    packets: u32,
    #[map_value(fold = "last")]
    mode: Mode,
}

fn main() {
    let banks = Mapping::memfd(4096).unwrap().banks::<Stats>(64, 64).unwrap();
    let sum = banks.try_sum().unwrap();
    let (0, Mode::Off) = (sum.packets, sum.mode) else { panic!() };
}
