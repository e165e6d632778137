//! An associated type of a parameter that turns out to be a pointer is refused at the use.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

trait Kind {
    type Id;
}

impl Kind for u8 {
    type Id = *const u8;
}

#[derive(MapValue)]
#[repr(C)]
struct Entry<K: Kind> {
    id: K::Id,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Entry<u8>>(0);
}
