//! A read-only handle reads a `SeqCell` and does not write it.
#![forbid(unsafe_code)]

use mapvalue::{Mapping, ReadOnly, SeqCell, Var};

fn main() {
    let cell: Var<SeqCell<[u64; 2]>, ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap();
    cell.write([1, 2]).unwrap();
}
