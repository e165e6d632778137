//@ pass: context_own_items
//! A user's items may have the names of ours and of the standard library's.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

mod raw {}
mod value {}
mod shared {}
mod fields {}
mod core {}
mod std {}
mod mapvalue {}
mod refused {}

trait Shared {}
trait Plain {}
trait Storable {}
trait Access {}
struct Layout;
struct ReadWrite;
struct Field;
const LAYOUT: u8 = 1;
static Ok: u8 = 2;
fn Err() {}
macro_rules! assert {
    () => {};
}
macro_rules! panic {
    () => {};
}
panic!();

#[derive(::mapvalue::MapValue)]
#[repr(u8)]
enum Mode {
    Off,
}

#[derive(::mapvalue::MapValue)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

#[derive(::mapvalue::MapValue)]
#[repr(C)]
struct Value<T> {
    mode: Mode,
    word: Word,
    last: T,
}

fn main() {
    Err();
    assert!();
    let _ = (Layout, ReadWrite, Field, LAYOUT, Ok);
    let value = ::mapvalue::Mapping::memfd(4096).unwrap().var::<Value<u8>>(0).unwrap();
    value.word.number().store(1);
    value.last.store(1);
    value.mode.store(Mode::Off);
}
