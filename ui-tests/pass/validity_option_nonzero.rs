//! `Option<NonZero..>` of every width takes zero for `None`.
#![forbid(unsafe_code)]

use std::num::{NonZeroI64, NonZeroU8, NonZeroU32};

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Debug, PartialEq)]
#[repr(C)]
struct Value {
    small: Option<NonZeroU8>,
    index: [Option<NonZeroU32>; 2],
    delta: Option<NonZeroI64>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    assert_eq!(value.load(), Value { small: None, index: [None; 2], delta: None });
    value.index[1].store(NonZeroU32::new(7));
    assert_eq!(value.load().index[1].map(NonZeroU32::get), Some(7));
}
