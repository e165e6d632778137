//! Generic code says that what it adds up folds.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Plain};

fn total<T: Plain>(mapping: &std::sync::Arc<Mapping>) -> T {
    mapping.banks(64, 64).unwrap().sum()
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert_eq!(total::<u64>(&mapping).to_bytes(), [0; 8]);
}
