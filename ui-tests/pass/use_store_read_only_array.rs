//! It does on one that may be stored to.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.array::<u64>().unwrap();
    array[3].store(1);
}
