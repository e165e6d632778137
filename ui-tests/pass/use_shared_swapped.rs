//! Their values can be.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<u64>(0).unwrap(), mapping.var::<u64>(8).unwrap());
    a.store(b.swap(a.load()));
}
