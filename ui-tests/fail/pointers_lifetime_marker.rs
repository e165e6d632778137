//! A lifetime parameter in a marker alone.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value<'a>(u32, PhantomData<&'a u32>);

fn main() {}
