//! A parameter that only marks may be anything.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Id<T>(u32, PhantomData<T>);

#[derive(MapValue)]
#[repr(C)]
struct Any<T: ?Sized>(u32, PhantomData<fn(&T)>);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.var::<Id<Vec<String>>>(0).unwrap().0.store(2);
    assert_eq!(mapping.var::<Any<str>>(0).unwrap().load().0, 2);
}
