//@ pass: context_own_traits
//! A user's traits for all types may have methods and items with our names.
#![forbid(unsafe_code)]

#[allow(clippy::wrong_self_convention)]
trait Everything {
    const LAYOUT: u8 = 0;
    fn try_load(&self) {}
    fn __try_load(&self) {}
    fn into_field(&self) {}
    fn without_padding(&self) {}
    fn atomic(&self) {}
    fn eq(&self) {}
    fn clone(&self) {}
    fn map_err(&self) {}
    fn within(&self) {}
}

impl<T: ?Sized> Everything for T {}

trait ByValue: Sized {
    fn field(self) {}
    fn found(self) {}
    fn load(self) {}
}

impl<T> ByValue for T {}

#[derive(mapvalue::MapValue)]
#[repr(i32)]
enum Mode {
    Off,
}

#[derive(mapvalue::MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

#[derive(mapvalue::MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    word: Word,
    mode: Mode,
}

#[derive(mapvalue::MapView)]
enum Kind {
    Off,
}

#[derive(mapvalue::MapView)]
struct View {
    kind: Kind,
}

fn main() {
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.word.number().store(1);
    value.mode.store(Mode::Off);
    let _: Option<(View, &ViewFields)> = None;
}
