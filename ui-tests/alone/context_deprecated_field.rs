//@ case: context_deprecated_field
//! A deprecated field warns where its cell is used.
#![deny(deprecated)]
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    #[deprecated = "count packets"] //~
    bytes: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.bytes.store(1);
}
