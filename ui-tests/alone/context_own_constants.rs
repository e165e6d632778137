//@ pass: context_own_constants
//! The user's constants may have the names of the derive's bindings and of fields.
#![forbid(unsafe_code)]
#![allow(non_upper_case_globals)]

use mapvalue::{MapValue, Mapping};

const shared: u8 = 1;
const value: u8 = 2;
const raw: u8 = 3;
const packets: u8 = 4;
static number: u8 = 5;

#[derive(MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[repr(C)]
union Word {
    number: u32,
    raw: [u8; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    packets: u32,
    word: Word,
}

fn main() {
    let var = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    var.packets.store(u32::from(shared + value + raw + packets + number));
    var.word.raw()[0].store(1);
    var.mode.store(Mode::Off);
    assert_eq!(var.packets.load(), 15);
}
