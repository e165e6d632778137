//! It is given by a handle that may.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var::<u64>(0).unwrap();
    let _ = counter.atomic();
}
