//! Each is checked by itself.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(u64)]
enum Mode {
    Off,
}

fn main() {
    let modes = Mapping::memfd(4096).unwrap().array::<Mode>().unwrap();
    let mut copy = [Mode::Off; 512];
    modes.iter().zip(&mut copy).for_each(|(from, to)| *to = from.try_load().unwrap());
}
