//! A repr may come from `cfg_attr`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[cfg_attr(unix, repr(C))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 8);
}
