//@ pass: attr_crate_reexport
//! `crate` may name another crate's re-export, for a struct, an enum, a union and a generic struct.
#![forbid(unsafe_code)]

mod agent {
    pub mod shared {
        pub use mapvalue as values;
    }
}

use agent::shared::values::{MapValue, Mapping};

#[derive(MapValue)]
#[map_value(crate = "crate::agent::shared::values")]
#[repr(u8)]
enum Mode {
    Off,
}

#[derive(MapValue)]
#[map_value(crate = "agent::shared::values")]
#[repr(C)]
struct Value<T> {
    mode: Mode,
    value: T,
}

#[derive(MapValue)]
#[map_value(crate = "agent::shared::values", deny_padding)]
#[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<Word>>(0).unwrap();
    value.value.number().store(1);
    value.mode.store(Mode::Off);
    assert!(value.try_load().is_ok());
}
