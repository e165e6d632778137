//@ pass: context_crate_named_core
//! A user's crate named `core` hides the standard one.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Mirror, Var};

extern crate self as core;

#[derive(MapValue, Clone, Copy)]
#[repr(u8)]
enum Mode {
    Off,
    On,
}

#[derive(MapValue)]
#[repr(C)]
union Either {
    one: u32,
    other: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    either: Either,
}

fn main() {
    let value: Var<Value> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    value.mode.store(Mode::On);
    value.either.other()[3].store(1);
    assert_eq!(value.either.other().load()[3], 1);
    assert!(matches!(value.mode.try_load(), Ok(Mode::On)) && Mode::Off as u8 == 0);
}
