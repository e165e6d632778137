//! Values decoded from a copy: any alignment, the exact length, enums checked, `bool` by C's rule, padding ignored.
#![forbid(unsafe_code)]

use mapvalue::{Error, MapValue};

#[derive(MapValue, Debug, PartialEq)]
#[repr(u8)]
enum Mode {
    On = 1,
}

#[derive(MapValue, Debug, PartialEq)]
#[repr(C)]
struct Event {
    mode: Mode,
    live: bool,
    count: u32,
}

fn main() {
    let record = [9, 1, 7, 0xee, 0xee, 5, 0, 0, 0];
    let event = Event::from_bytes(&record[1..]).unwrap();
    assert_eq!(event, Event { mode: Mode::On, live: true, count: u32::from_le(5) });
    assert_eq!(event.to_bytes()[..4], [1, 1, 0, 0]);
    assert!(matches!(Event::from_bytes(&record), Err(Error::WrongLength { .. })));
    assert!(matches!(Event::from_bytes(&record[..8]), Err(Error::InvalidValue(_))));
}
