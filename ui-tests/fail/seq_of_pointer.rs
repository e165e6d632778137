//! A `SeqCell` of a pointer.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, SeqCell};

#[derive(MapValue)]
#[repr(C)]
struct Config {
    name: SeqCell<&'static str>,
}

fn main() {}
