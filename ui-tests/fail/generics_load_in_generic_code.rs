//! Generic code that loads must say that there is no enum inside.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Var};

fn get<T: MapValue>(var: &Var<T>) -> T {
    var.load()
}

fn main() {
    assert_eq!(get(&Mapping::memfd(4096).unwrap().var::<u32>(0).unwrap()), 0);
}
