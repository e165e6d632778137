//! A struct aligned to a cache line, alone and in an array.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C, align(64))]
struct Line {
    packets: u64,
}

fn main() {
    assert_eq!((Line::LAYOUT.size(), Line::LAYOUT.align()), (64, 64));
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(mapping.var::<Line>(32).is_err());
    let by_cpu = mapping.var::<[Line; 4]>(64).unwrap();
    by_cpu[3].packets.store(9);
    assert_eq!(by_cpu.load()[3].packets, 9);
}
