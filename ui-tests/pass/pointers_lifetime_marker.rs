//! `'static` in its place.
#![forbid(unsafe_code)]

use std::marker::PhantomData;

use mapvalue::MapValue;

#[derive(MapValue)]
#[repr(C)]
struct Value(u32, PhantomData<&'static u32>);

fn main() {}
