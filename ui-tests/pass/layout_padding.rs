//! Padding inside and at the end is neither written nor encoded.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    kind: u8,
    limit: u32,
    live: bool,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.write_at(0, &[0xee; 12]).unwrap();
    mapping.var::<Value>(0).unwrap().store(Value { kind: 1, limit: 2, live: true });
    let mut bytes = [0; 12];
    mapping.read_at(0, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 0xee, 0xee, 0xee, 2, 0, 0, 0, 1, 0xee, 0xee, 0xee]);
    assert_eq!(Value::from_bytes(&bytes).unwrap().to_bytes(), [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
}
