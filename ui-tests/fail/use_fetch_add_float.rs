//! A float has no atomic arithmetic.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let mean = Mapping::memfd(4096).unwrap().var::<f64>(0).unwrap();
    mean.fetch_add(0.5);
}
