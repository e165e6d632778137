//! As wide as a pointer of this process; BPF is always 64-bit.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: usize,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
