//! It is compared and exchanged.
#![forbid(unsafe_code)]

use mapvalue::Mapping;
use zerocopy::byteorder::{BigEndian, U16};

fn main() {
    let port = Mapping::memfd(4096).unwrap().var::<U16<BigEndian>>(0).unwrap();
    port.compare_exchange(U16::new(0), U16::new(1)).unwrap();
}
