//! This type is.
#![forbid(unsafe_code)]

use mapvalue::{Export, Kptr, Local, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Flow {
    bytes: u64,
}

impl Export for Flow {}

fn main() {
    let kptr: Kptr<Flow, Local> = Kptr::NULL;
    assert!(kptr.export().is_null());
}
