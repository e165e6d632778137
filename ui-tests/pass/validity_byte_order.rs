//! Integers of a stated byte order, as network headers and flow keys have them.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};
use zerocopy::byteorder::{BigEndian, I64, LittleEndian, U16, U32};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    address: U32<BigEndian>,
    ports: [U16<BigEndian>; 2],
    delta: I64<LittleEndian>,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.var::<Value>(0).unwrap().ports[1].store(U16::new(443));
    let mut bytes = [0; 2];
    mapping.read_at(6, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 187]);
}
