//@ pass: context_no_implicit_prelude
//! The derive's output needs no prelude.
#![no_implicit_prelude]
#![forbid(unsafe_code)]

use ::core::marker::PhantomData;
use ::core::{assert, assert_eq};
use ::mapvalue::{MapValue, Mapping};

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
    counts: [T; 2],
    marker: PhantomData<T>,
}

#[derive(MapValue)]
#[repr(C)]
struct Atomics(::core::sync::atomic::AtomicU8);

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u64>>(0).unwrap();
    value.mode.store(Mode::On);
    value.word.bytes()[0].store(1);
    assert!(value.try_load().is_ok());
    assert_eq!([Mode::Off, Mode::On].len(), 2);
    let _ = <Atomics as MapValue>::LAYOUT;
}
