//! An enum needs a variant: without one it has no value.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Never {
    Now,
}

fn main() {
    assert!(align_of::<Never>() > 0);
}
