//! A read-only handle loads text and does not store it.
#![forbid(unsafe_code)]

use mapvalue::{CharArray, Mapping, ReadOnly, Var};

fn main() {
    let names: Var<[CharArray<16>; 4], ReadOnly> = Mapping::memfd(4096).unwrap().var_ro(0).unwrap();
    names[2].store(CharArray::truncated("eth0"));
}
