//! A marker of what does not live forever.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Id<T> {
    id: u32,
    of: PhantomData<T>,
}

fn store<'a>(_: &'a str) {
    let _ = Mapping::memfd(4096).unwrap().var::<Id<&'a str>>(0);
}

fn main() {
    store("a");
}
