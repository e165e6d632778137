//! A repr in two attributes, and two alignments, of which the larger counts.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(align(8))]
#[repr(C)]
#[repr(align(32))]
struct Line {
    packets: u16,
}

fn main() {
    assert_eq!((Line::LAYOUT.size(), Line::LAYOUT.align()), (32, 32));
    Mapping::memfd(4096).unwrap().var::<Line>(32).unwrap().packets.store(1);
}
