//! A struct in a union that does not derive `MapValue`: the words offer it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(Clone, Copy)]
#[repr(C)]
struct Ports {
    source: u16,
    destination: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Value {
    ports: Ports,
    raw: u32,
}

fn main() {
    let _ = Value { raw: 0 };
}
