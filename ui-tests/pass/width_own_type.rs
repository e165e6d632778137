//! A user's own type that is named like a pointer-wide one passes: it is judged by what it is.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(transparent)]
struct usize(u64);

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Value {
    count: usize,
    counts: [usize; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.counts[1].0.store(4);
    assert_eq!(value.load().counts[1].0, 4);
}
