//! A path, by its own path.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: std::path::PathBuf,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
