//! The where-clauses of a struct are kept, and hold where it is used.
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
    let _ = Mapping::memfd(4096).unwrap().var::<Ordered<f64>>(0);
}
