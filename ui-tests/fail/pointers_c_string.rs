//! A C string likewise.
#![forbid(unsafe_code)]

use std::ffi::CString;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: CString,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
