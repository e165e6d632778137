//! Discriminants: implicit, with gaps, negative, and computed.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

const BASE: i16 = 300;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(i16)]
enum Level {
    Debug = -7,
    Trace,
    Info = BASE + 1,
    Warn,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let level = mapping.var::<Level>(0).unwrap();
    assert_eq!(level.try_load().unwrap_err().value(), 0);
    for (value, number) in [(Level::Debug, -7), (Level::Trace, -6), (Level::Info, 301), (Level::Warn, 302)] {
        level.store(value);
        assert_eq!(mapping.var::<i16>(0).unwrap().load(), number);
        assert_eq!(level.try_load(), Ok(value));
    }
}
