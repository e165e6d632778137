//! `deny_padding` on a union: its widest field must fill it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
union Address {
    v4: u32,
    prefix: [u8; 6],
}

fn main() {
    assert!(size_of::<Address>() > 0);
}
