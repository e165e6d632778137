//! C's own types are aliases, of which those of a fixed width pass.
#![forbid(unsafe_code)]

use std::ffi::{c_int, c_longlong, c_short, c_uchar, c_uint};

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    a: c_int,
    b: c_uint,
    c: c_short,
    d: c_uchar,
    e: c_longlong,
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 24);
}
