//! A union of plain fields: a method a field, instead of unsafe reads.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: U32<BigEndian>,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Peer {
    family: u16,
    port: u16,
    address: Address,
}

fn main() {
    let peer = Mapping::memfd(4096).unwrap().var::<Peer>(0).unwrap();
    peer.address.v4().store(U32::new(0x7f00_0001));
    assert_eq!(peer.address.v6()[0].load(), 127);
    assert_eq!(peer.load().family, 0);
    let last = peer.project(|peer| &peer.address.v6()[15]);
    last.store(1);
    assert_eq!(peer.read_only().address.v6()[15].load(), 1);
}
