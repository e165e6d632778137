//! What a handle derefs to lives no longer than the handle.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let last = {
        let array = mapping.var::<[u64; 4]>(0).unwrap();
        &array[3]
    };
    last.store(1);
}
