//! An alias that is spelled like a number and is a pointer.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::MapValue;

type u32 = &'static str;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
