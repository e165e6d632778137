//! It does on one that may.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var::<u64>(0).unwrap();
    counter.store(1);
}
