//! Types of which any bytes are a value: pointers that are numbers, floats, an integer of another byte order.
#![forbid(unsafe_code)]

use mapvalue::{ArenaPtr, Kernel, Kptr, Local, MapValue};
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy)]
#[map_value(aya)]
#[repr(C)]
struct Value {
    next: ArenaPtr<Value>,
    task: Kptr<u64, Kernel>,
    object: Kptr<u64, Local>,
    id: Option<std::num::NonZeroU32>,
    address: U32<BigEndian>,
    loads: [f64; 2],
}

fn is_pod<T: aya::Pod>() {}

fn main() {
    is_pod::<Value>();
}
