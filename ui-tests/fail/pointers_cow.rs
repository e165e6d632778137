//! Borrowed or owned: elsewhere.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Cow<'static, [u8]>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
