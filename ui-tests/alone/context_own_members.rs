//@ pass: context_own_members
//! Fields, variants, constants and methods may have the names of ours.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[allow(clippy::upper_case_acronyms)]
#[repr(u8)]
enum Mode {
    Shared,
    LAYOUT,
    Raw,
    Cell,
    Value,
    Ok,
    Err,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Value {
    load: u8,
    store: u8,
    project: u8,
    raw: u8,
    shared: u8,
    value: u8,
    fields: u8,
    deref: u8,
}

impl Value {
    const LAYOUT: &'static str = "mine";

    fn from_bytes() -> Self {
        Self { load: 1, store: 2, project: 3, raw: 4, shared: 5, value: 6, fields: 7, deref: 8 }
    }

    fn try_load(&self) -> u8 {
        self.load
    }
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let value = mapping.var::<Value>(0).unwrap();
    value.store(Value::from_bytes());
    value.deref.store(value.load.load());
    assert_eq!((value.load().deref, value.load().try_load(), Value::LAYOUT), (1, 1, "mine"));
    assert_eq!(<Value as MapValue>::LAYOUT.fields()[0].name(), "load");
    let mode = mapping.var::<Mode>(8).unwrap();
    for each in [Mode::Shared, Mode::LAYOUT, Mode::Raw, Mode::Cell, Mode::Value, Mode::Ok, Mode::Err] {
        mode.store(each);
        assert_eq!(mode.try_load(), Ok(each));
    }
}
