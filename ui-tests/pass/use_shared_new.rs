//! A mapping makes handles to them.
#![forbid(unsafe_code)]

use mapvalue::Shared;

fn main() {
    let cell = mapvalue::Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: &Shared<u64> = &cell;
}
