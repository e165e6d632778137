//! On one that may store.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var::<u64>(0).unwrap();
    counter.fetch_add(1);
}
