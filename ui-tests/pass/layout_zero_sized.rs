//! Fields without size beside one that has some.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    marker: PhantomData<u32>,
    some: [u64; 1],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(Value::LAYOUT.size(), 8);
}
