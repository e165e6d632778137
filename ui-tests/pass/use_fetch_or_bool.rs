//! It has a swap.
#![forbid(unsafe_code)]

use mapvalue::Mapping;

fn main() {
    let live = Mapping::memfd(4096).unwrap().var::<bool>(0).unwrap();
    live.swap(true);
}
