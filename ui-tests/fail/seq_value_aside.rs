//! There is no way to the value of a `SeqCell` but its own.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, SeqCell, Var};

fn main() {
    let cell: Var<SeqCell<u64>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    cell.value.store(7);
}
