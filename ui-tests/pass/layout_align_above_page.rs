//! The alignment of a page.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C, align(4096))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    assert_eq!(mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap().load().packets, 0);
}
