//! A projection has the mode of its handle.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.var_ro::<[u64; 4]>(0).unwrap();
    array.project(|a| &a[2]).swap(1);
}
