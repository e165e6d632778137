//! A read-only handle is not taken for one that may store.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Var};

fn count(counter: &Var<u64>) {
    counter.fetch_add(1);
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    count(&mapping.var_ro::<u64>(0).unwrap());
}
