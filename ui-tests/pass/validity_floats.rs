//! Floats keep their bits, those of a NaN included.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    ratio: f32,
    mean: f64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.mean.store(f64::from_bits(0x7ff0_0000_0000_0001));
    value.ratio.store(0.5);
    assert_eq!(value.load().mean.to_bits(), 0x7ff0_0000_0000_0001);
    assert_eq!(value.ratio.swap(-0.0).to_bits(), 0.5f32.to_bits());
}
