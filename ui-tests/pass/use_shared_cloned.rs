//! Its value can be loaded.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, Shared};

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let cell: &Shared<u64> = &counter;
    let copy: u64 = cell.load();
    let _ = copy;
}
