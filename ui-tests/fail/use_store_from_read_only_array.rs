//! Nor of all elements at once.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.array_ro::<u64>().unwrap();
    array.store_from(&[1; 512]).unwrap();
}
