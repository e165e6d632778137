//@ pass: context_own_enum_named_bool
//! A user's enum and union may be named like primitive types.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u16)]
enum bool {
    No,
    Yes,
}

#[derive(MapValue)]
#[repr(C)]
union u64 {
    number: u32,
    bits: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    flag: bool,
    words: [u64; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.flag.store(bool::Yes);
    value.words[1].bits()[0].store(1);
    assert!(value.try_load().is_ok_and(|value| !matches!(value.flag, bool::No)));
}
