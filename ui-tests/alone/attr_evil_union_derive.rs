//@ case: attr_evil_union_derive
//! A macro called `derive` below the derive could give the union fields that the derive does not see.
#![forbid(unsafe_code)]

use mapvalue_ui_evil::instead as derive; //~

#[std::prelude::v1::derive(mapvalue::MapValue)]
#[derive(#[repr(C)] union Name { bytes: [u8; 16], words: [u64; 2], text: &'static str })] //~
#[repr(C)]
union Name {
    bytes: [u8; 16],
    words: [u64; 2],
}

fn main() {
    let _ = Name { bytes: [0; 16] };
}
