//! Those that may be written have.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let banks = Mapping::memfd(4096).unwrap().banks_of::<u64>(64, 64, 8).unwrap();
    banks[0][0].store(1);
}
