//! Nor of an element of an array.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.array_ro::<u64>().unwrap();
    array[3].store(1);
}
