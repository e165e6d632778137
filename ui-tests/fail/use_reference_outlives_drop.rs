//! A handle is not dropped under a reference.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let last = &array[3];
    drop(array);
    last.store(1);
}
