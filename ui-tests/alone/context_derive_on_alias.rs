//@ case: context_derive_on_alias
//! The derive is for structs, enums and unions. On anything else, rustc's error is the only one.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
type Value = u32; //~ #[repr(C)]
//~ struct Value(u32);

fn main() {
    assert_eq!(size_of::<Value>(), 4);
    let _ = u32::LAYOUT;
}
