//! What is only pointed to need be no value.
#![forbid(unsafe_code)]

use mapvalue::{ArenaPtr, Domain, Kernel, Kptr, MapValue, Mapping, Var};

#[derive(MapValue)]
#[repr(C)]
struct Links<T, D: Domain> {
    next: ArenaPtr<T>,
    owner: [Kptr<T, D>; 2],
}

fn main() {
    let links: Var<Links<String, Kernel>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert!(links.next.load().is_null() && links.owner[1].load().is_null());
}
