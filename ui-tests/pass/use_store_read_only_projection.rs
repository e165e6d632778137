//! Of a handle that may store.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let array = mapping.var::<[u64; 4]>(0).unwrap();
    array.project(|a| &a[2]).swap(1);
}
