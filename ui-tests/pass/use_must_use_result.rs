//! What may fail says so, and why.
#![forbid(unsafe_code)]

use mapvalue::{Error, Mapping};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(matches!(mapping.var::<u64>(4), Err(Error::Misaligned { .. })));
    assert!(matches!(mapping.var::<u64>(4096), Err(Error::OutOfRange { .. })));
    assert!(mapping.slice::<u64>(0, 513).is_err());
    assert!(mapping.array::<u64>().unwrap().var(512).is_err());
}
