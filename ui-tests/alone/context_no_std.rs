//@ pass: context_no_std
//! The derive works in a crate without `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate std;

use core::num::NonZeroU32;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value<T> {
    mode: Mode,
    word: Word,
    index: Option<NonZeroU32>,
    last: T,
}

fn main() {
    let mut bytes = [0; 16];
    assert!(Value::<u8>::from_bytes(&bytes).is_ok());
    Mode::On.write_bytes(&mut bytes[..1]).unwrap();
    assert_eq!((bytes[0], Mode::Off as u8), (1, 0));
}
