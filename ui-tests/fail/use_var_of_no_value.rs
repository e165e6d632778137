//! A handle to what is no map value.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<usize>(0);
}
