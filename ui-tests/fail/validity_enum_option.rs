//! An option of an enum has numbers of its own.
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
    mode: Option<Mode>,
}

fn main() {
    let _ = [Mode::None, Mode::On];
    assert_eq!(size_of::<Value>(), 1);
}
