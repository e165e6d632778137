//! Nor return a reference to what it has from elsewhere.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<[u64; 4]>(0).unwrap(), mapping.var::<[u64; 4]>(64).unwrap());
    a.project(|_| &b[0]).store(1);
}
