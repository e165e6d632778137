//! What stands in for a refused field is no field that a place can be made of.
#![forbid(unsafe_code)]

use mapvalue::__private::Field;
use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    count: Field<usize, false>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
}
