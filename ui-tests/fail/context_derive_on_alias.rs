//! The derive is for structs, enums and unions: on anything else, rustc's error alone.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
type Value = u32;

fn main() {
    assert_eq!(size_of::<Value>(), 4);
    let _ = u32::LAYOUT;
}
