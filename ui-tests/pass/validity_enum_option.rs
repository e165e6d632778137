//! A variant of its own for what is not there.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    None,
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
}

fn main() {
    let _ = [Mode::None, Mode::On];
    assert_eq!(size_of::<Value>(), 1);
}
