//! Banks that only load have no store.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let banks = Mapping::memfd(4096).unwrap().banks_of_ro::<u64>(64, 64, 8).unwrap();
    banks[0][0].store(1);
}
