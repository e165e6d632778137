//! An enum as a field is checked when it is loaded, and so is whatever holds it.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum Mode {
    Off = 1,
    On,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Value {
    generation: u32,
    modes: [Mode; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    assert_eq!(value.try_load().unwrap_err().path(Value::LAYOUT).to_string(), "Value.modes[0]");
    value.store(Value { generation: 1, modes: [Mode::On; 2] });
    assert_eq!(value.try_load().unwrap().modes, [Mode::On; 2]);
    value.modes[0].store(Mode::Off);
    assert_eq!(value.modes[0].try_load(), Ok(Mode::Off));
}
