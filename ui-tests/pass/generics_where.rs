//! With an argument that they allow.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Ordered<T>
where
    T: Ord,
{
    least: T,
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Ordered<u64>>(0);
}
