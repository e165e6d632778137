//! A marker of a pointer is no pointer.
#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::rc::Rc;

use mapvalue::{MapValue, Mapping, Var};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    offset: u32,
    of: PhantomData<*const String>,
    unsized_too: PhantomData<[Rc<str>]>,
    borrowed: PhantomData<&'static str>,
}

fn send<T: Send + Sync>(_: &T) {}

fn main() {
    let value: Var<Value> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    value.offset.store(3);
    assert_eq!(value.load().offset, 3);
    send(&value);
}
