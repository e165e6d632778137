//! A parameter with the bound written out.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Plain, Storable, Var};

#[derive(MapValue)]
#[repr(C)]
struct Sample<T: MapValue + Copy> {
    time: u64,
    value: T,
}

fn put<T: Plain + Storable + Copy>(var: &Var<Sample<T>>, value: T) -> T {
    var.store(Sample { time: 1, value });
    var.load().value
}

fn main() {
    let var = Mapping::memfd(4096).unwrap().var(0).unwrap();
    assert_eq!(put::<[u16; 3]>(&var, [1, 2, 3]), [1, 2, 3]);
}
