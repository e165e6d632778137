//! A handle to an element does.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let element = {
        let array = mapping.array::<u64>().unwrap();
        array.var(3).unwrap()
    };
    element.store(1);
}
