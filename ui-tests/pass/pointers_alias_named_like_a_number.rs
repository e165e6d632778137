//! An alias that is spelled like a number and is one, of another width.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::MapValue;

type u32 = u64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 8);
}
