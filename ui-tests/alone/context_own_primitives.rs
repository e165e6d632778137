//@ pass: context_own_primitives
//! A user's types may have the names of primitive types and of the prelude. The derive means the
//! real ones.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(transparent)]
struct u32([core::primitive::u32; 2]);

#[derive(MapValue, Clone, Copy)]
#[repr(transparent)]
struct bool(core::primitive::u64);

struct u8;
struct i128;
struct str;
struct Result;
struct Self_;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off = 3,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    wide: u32,
    flag: bool,
}

fn main() {
    let _ = (u8, i128, str, Result, Self_);
    assert_eq!(Value::LAYOUT.size(), 24);
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.wide.0[1].store(7);
    value.mode.store(Mode::Off);
    assert_eq!(value.try_load().unwrap().wide.0, [0, 7]);
}
