//! Its number can be compared through the atomic.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Debug)]
#[repr(u32)]
enum Mode {
    Off,
}

fn main() {
    use std::sync::atomic::Ordering::Relaxed;
    let mode = Mapping::memfd(4096).unwrap().var::<Mode>(0).unwrap();
    mode.atomic().compare_exchange(Mode::Off as u32, 0, Relaxed, Relaxed).unwrap();
    let _ = Relaxed;
}
