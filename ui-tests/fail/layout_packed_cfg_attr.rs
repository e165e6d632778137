//! `packed` that a condition brings in is seen too.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
#[cfg_attr(unix, repr(packed))]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
}
