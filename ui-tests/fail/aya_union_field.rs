//! A `Pod` of aya with a union, some bytes of which may be uninitialised.
#![forbid(unsafe_code)]

use mapvalue::MapValue;

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Address {
    v4: u32,
    v6: [u8; 16],
}

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    address: Address,
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    let _ = (Address { v6: [0; 16] }, Address { v4: 0 });
    is_pod::<Value>();
}
