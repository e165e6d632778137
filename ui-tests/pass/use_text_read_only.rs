//! A handle that stores does.
#![forbid(unsafe_code)]

use mapvalue::{CharArray, Mapping, Var};

fn main() {
    let names: Var<[CharArray<16>; 4]> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    names[2].store(CharArray::truncated("eth0"));
}
