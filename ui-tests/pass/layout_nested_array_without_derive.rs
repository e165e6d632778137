//! An array of structs that derive `MapValue`.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    queues: [[Inner; 4]; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.queues[1][3].packets.store(5);
    assert_eq!(value.load().queues[1][3].packets, 5);
}
