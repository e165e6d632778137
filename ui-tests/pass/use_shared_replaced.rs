//! It is stored to.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice::<u64>(0, 4).unwrap();
    slice[0].store(slice[1].swap(slice[0].load()));
}
