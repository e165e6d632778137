//! After the last use of it.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let array = Mapping::memfd(4096).unwrap().var::<[u64; 4]>(0).unwrap();
    let last = &array[3];
    last.store(1);
    drop(array);
}
