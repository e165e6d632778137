//! Nor a reference to the atomic under a cell.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let first = array.project(|a| a[0].atomic());
    let _ = first;
}
