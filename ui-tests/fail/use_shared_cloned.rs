//! A cell has no clone of its own; what looks like one is another reference.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Shared};

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cell: &Shared<u64> = &counter;
    let copy: Shared<u64> = cell.clone();
    let _ = copy;
}
