//! A widest field that fills it.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
union Address {
    v4: u32,
    prefix: [u8; 8],
}

fn main() {
    assert!(size_of::<Address>() > 0);
    assert_eq!(Address::LAYOUT.size(), 8);
}
