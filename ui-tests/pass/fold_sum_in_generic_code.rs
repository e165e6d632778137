//! So it does here.
#![forbid(unsafe_code)]

use mapvalue::{Fold, MapValue, Mapping, Plain};

fn total<T: Plain + Fold>(mapping: &std::sync::Arc<Mapping>) -> T {
    mapping.banks(64, 64).unwrap().sum()
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert_eq!(total::<u64>(&mapping).to_bytes(), [0; 8]);
}
