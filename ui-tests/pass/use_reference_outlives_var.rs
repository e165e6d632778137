//! A handle to a part does.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let last = {
        let array = mapping.var::<[u64; 4]>(0).unwrap();
        array.project(|a| &a[3])
    };
    last.store(1);
}
