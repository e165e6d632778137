//! It does.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Plain, Var};

fn get<T: Plain>(var: &Var<T>) -> T {
    var.load()
}

fn main() {
    assert_eq!(get(&Mapping::memfd(4096).unwrap().var::<u32>(0).unwrap()), 0);
}
