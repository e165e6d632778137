//@ pass: context_own_types
//! A user's types may have the names of types that are refused. Each is judged by what it is.
#![forbid(unsafe_code)]
#![allow(non_camel_case_types)]

use mapvalue::{MapValue, Mapping};

macro_rules! own {
    ($($name:ident)*) => {$(
        #[derive(MapValue, Clone, Copy)]
        #[repr(transparent)]
        struct $name(u16);
    )*};
}

own!(usize char Vec Box NonZeroU32 AtomicBool Cell Duration MaybeUninit u128);

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Option<T> {
    some: bool,
    value: T,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    a: usize,
    b: char,
    c: Vec,
    d: [Box; 2],
    e: NonZeroU32,
    f: AtomicBool,
    g: Cell,
    h: Duration,
    i: MaybeUninit,
    j: u128,
    k: Option<u32>,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.k.value.store(7);
    value.d[1].0.store(8);
    assert_eq!((value.load().k.value, value.load().d[1].0), (7, 8));
}
