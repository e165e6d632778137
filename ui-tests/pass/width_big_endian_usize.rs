//! 64 bits in network order.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: zerocopy::byteorder::U64<zerocopy::BigEndian>,
}

fn main() {
    assert!(size_of::<Value>() > 0);
}
