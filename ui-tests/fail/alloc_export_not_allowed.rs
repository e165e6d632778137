//! Objects go to the kernel only if their type is on the list.
#![forbid(unsafe_code)]

use mapvalue::{Kptr, Local, MapValue};

#[derive(MapValue)]
#[repr(C)]
struct Flow {
    bytes: u64,
}

fn main() {
    let kptr: Kptr<Flow, Local> = Kptr::NULL;
    assert!(kptr.export().is_null());
}
