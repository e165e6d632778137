//@ case: use_project_in_place
//! A closure of `project` cannot return a reference to the atomic inside a cell. It can return the
//! cell.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let first = array.project(|a| a[0].atomic()); //~ let first = array.project(|a| &a[0]);
    let _ = first;
}
