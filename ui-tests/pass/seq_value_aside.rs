//! That is `write`.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, SeqCell, Var};

fn main() {
    let cell: Var<SeqCell<u64>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    cell.write(7).unwrap();
}
