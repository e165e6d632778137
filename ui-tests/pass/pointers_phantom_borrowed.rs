//! A marker of what does.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Id<T> {
    id: u32,
    of: PhantomData<T>,
}

fn store(_: &str) {
    let _ = Mapping::memfd(4096).unwrap().var::<Id<&'static str>>(0);
}

fn main() {
    store("a");
}
