//! A transparent newtype is laid out as what it wraps, and reached by its number.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Debug, PartialEq)]
#[repr(transparent)]
struct Nanoseconds(u64);

#[derive(MapValue)]
#[repr(transparent)]
struct Tagged<T>(u32, PhantomData<T>);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let time = mapping.var::<Nanoseconds>(8).unwrap();
    time.0.fetch_add(5);
    assert_eq!(time.load(), Nanoseconds(5));
    mapping.var::<Tagged<String>>(16).unwrap().0.store(1);
    assert_eq!(Tagged::<String>::LAYOUT.size(), 4);
}
