//! A field-less enum has no use for parameters.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode<const N: usize> {
    Off,
}

fn main() {
    let _ = Mode::<0>::Off;
}
