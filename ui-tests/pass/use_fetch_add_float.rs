//! It has an exchange if it is what was expected.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mean = Mapping::memfd(4096).unwrap().var::<f64>(0).unwrap();
    mean.compare_exchange(0.0, 0.5).unwrap();
}
