//! As wide as a pointer, in network order.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: zerocopy::byteorder::Usize<zerocopy::BigEndian>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
