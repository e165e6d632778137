//@ pass: context_cfg_fields
//! `cfg` brings in or leaves out fields, variants and derives.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[cfg_attr(unix, derive(MapValue))]
#[repr(u8)]
enum Mode {
    Off,
    #[cfg(not(unix))]
    Strange,
    #[cfg(unix)]
    On,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    mode: Mode,
    #[cfg(not(unix))]
    pointer: *const u8,
    #[cfg(unix)]
    count: u32,
    #[cfg_attr(unix, doc = "The last.")]
    last: u8,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.count.store(1);
    value.last.store(1);
    value.mode.store(Mode::On);
    assert_eq!((Value::LAYOUT.fields().len(), Mode::Off as u8), (3, 0));
}
