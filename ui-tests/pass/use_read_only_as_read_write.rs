//! One that may.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn count(counter: &Var<u64>) {
    counter.fetch_add(1);
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    count(&mapping.var::<u64>(0).unwrap());
}
