//@ pass: context_in_const_generics
//! A layout can be used in a constant expression: here, the length of an array is a value's size.
#![forbid(unsafe_code)]

use mapvalue::{Layout, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u16,
    count: u64,
}

const LAYOUT: Layout = Value::LAYOUT;

#[derive(MapValue)]
#[repr(C)]
struct Raw {
    bytes: [u8; LAYOUT.size()],
}

const _: () = assert!(LAYOUT.fields()[1].offset() == 8 && LAYOUT.align() == 8);

fn main() {
    assert_eq!(Raw::LAYOUT.size(), 16);
}
