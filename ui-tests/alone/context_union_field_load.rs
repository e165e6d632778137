//@ pass: context_union_field_load
//! A field of a union named like a method of the handle is reached through the mirror.
#![forbid(unsafe_code)]

use std::ops::Deref;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    load: u32,
    store: [u8; 4],
}

fn main() {
    let word = Mapping::memfd(4096).unwrap().var::<Word>(0).unwrap();
    word.deref().load().store(1);
    assert_eq!(word.deref().store()[0].load(), 1);
    let _: Word = word.load();
}
