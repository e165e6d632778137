//! What stands for a value is one.
#![forbid(unsafe_code)]

use mapvalue::__private::Field;
use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    count: Field<u64, true>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
}
