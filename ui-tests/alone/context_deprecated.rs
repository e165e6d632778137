//@ pass: context_deprecated
//! Deprecated types, fields and variants warn where they are used, not in the derive's output.
#![deny(warnings)]
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
    #[deprecated = "gone since 2.0"]
    Half,
}

#[derive(MapValue)]
#[repr(C)]
union Word {
    #[deprecated]
    number: u32,
    bytes: [u8; 4],
}

#[deprecated]
#[derive(MapValue)]
#[repr(C)]
struct Old(u8);

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    #[deprecated(note = "count packets")]
    bytes: u64,
    word: Word,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.word.bytes()[1].store(1);
    value.mode.store(Mode::Off);
}
