//@ pass: context_own_private_names
//! The user's constants and structs may have names like those that macros use.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types, non_upper_case_globals)]

use mapvalue::{MapValue, Mapping};

const __raw: u8 = 1;
const __value: u8 = 2;
const __later: u8 = 3;
struct __shared;
struct __this;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
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
    #[map_value(fold = "first")]
    word: Word,
    #[map_value(fold = "max")]
    more: T,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u32>>(0).unwrap();
    value.word.number().store(u32::from(__raw + __value + __later));
    value.mode.store(Mode::Off);
    let _ = (__shared, __this);
}
