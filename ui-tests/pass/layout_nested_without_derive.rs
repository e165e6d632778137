//! A nested struct derives `MapValue` too.
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
    id: u32,
    inner: Inner,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    let value = mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.inner.packets.fetch_add(2);
    assert_eq!(value.load().inner.packets, 2);
}
