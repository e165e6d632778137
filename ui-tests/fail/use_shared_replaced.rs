//! Nor replaced by another handle's.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let slice = mapping.slice::<u64>(0, 4).unwrap();
    slice.swap(0, 1);
}
