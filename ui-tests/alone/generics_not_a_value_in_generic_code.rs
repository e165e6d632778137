//@ case: generics_not_a_value_in_generic_code
//! Generic code must say that its parameter is a map value.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Sample<T> {
    value: T,
}

fn size<T: 'static>() -> usize { //~ fn size<T: MapValue>() -> usize {
    Sample::<T>::LAYOUT.size()
}

fn main() {
    assert_eq!(size::<u32>(), Mapping::memfd(4).unwrap().len());
}
