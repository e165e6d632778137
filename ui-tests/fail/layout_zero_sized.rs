//! A struct whose fields are all without size is no value.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    marker: PhantomData<u32>,
    none: [u64; 0],
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
