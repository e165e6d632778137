//! One that does.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
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
