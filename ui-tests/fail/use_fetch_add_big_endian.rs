//! Nor an integer in network order.
#![forbid(unsafe_code)]

use mapvalue::Mapping;
use zerocopy::byteorder::{BigEndian, U16};

fn main() {
    let port = Mapping::memfd(4096).unwrap().var::<U16<BigEndian>>(0).unwrap();
    port.fetch_add(U16::new(1));
}
