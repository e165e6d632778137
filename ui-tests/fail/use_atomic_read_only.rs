//! The atomic itself could be stored to.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let counter = mapping.var_ro::<u64>(0).unwrap();
    let _ = counter.atomic();
}
