//! To a part of what it is given.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let (a, b) = (mapping.var::<[u64; 4]>(0).unwrap(), mapping.var::<[u64; 4]>(64).unwrap());
    a.project(|a| &a[usize::from(b[0].load() == 1)]).store(1);
}
