//! An `Option` of text: the words are about the text.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Option<String>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
