//! One that turns out to be a number.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

trait Kind {
    type Id;
}

impl Kind for u8 {
    type Id = u64;
}

#[derive(MapValue)]
#[repr(C)]
struct Entry<K: Kind> {
    id: K::Id,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Entry<u8>>(0);
}
