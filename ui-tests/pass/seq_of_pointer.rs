//! Of bytes.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, SeqCell};

#[derive(MapValue)]
#[repr(C)]
struct Config {
    name: SeqCell<[u8; 16]>,
}

fn main() {}
