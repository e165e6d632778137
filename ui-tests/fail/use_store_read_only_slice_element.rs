//! Nor of an element of a slice.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice_ro::<u64>(8, 4).unwrap();
    slice[2].store(1);
}
