//! Code for the one that may.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn reset(counter: &Var<u64>) {
    counter.store(0);
}

fn main() {
    reset(&Mapping::memfd(4096).unwrap().var(0).unwrap());
}
