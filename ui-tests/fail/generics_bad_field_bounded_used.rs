//! A field that depends on a parameter with bounds of its own is refused once.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Plain};

trait Number: Copy {}

impl Number for u32 {}

#[derive(MapValue)]
#[repr(C)]
struct Sample<T: Number + Plain>
where
    Option<T>: PartialEq,
{
    value: T,
    last: Option<T>,
}

fn main() {
    let sample = Mapping::memfd(4096).unwrap().var::<Sample<u32>>(0).unwrap();
    sample.value.store(1);
    let _ = sample.last[0].load();
    assert_eq!(sample.load().value, 1);
}
