//@ case: context_compile_error_forged
//! A fake `core` does not silence the derive's errors.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

extern crate self as core;

#[allow(unused_macros)]
macro_rules! quiet {
    ($($t:tt)*) => {};
}
#[allow(unused_imports)]
pub(crate) use quiet as compile_error;

#[derive(MapValue)]
//~ #[repr(C)]
struct Value {
    a: u8,
    b: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.b.store(7);
}
