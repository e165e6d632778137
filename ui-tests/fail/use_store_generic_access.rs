//! Code for any mode cannot store.
#![forbid(unsafe_code)]

use mapvalue::{Access, Mapping, Var};

fn reset<A: Access>(counter: &Var<u64, A>) {
    counter.store(0);
}

fn main() {
    reset(&Mapping::memfd(4096).unwrap().var(0).unwrap());
}
