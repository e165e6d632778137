//@ pass: context_own_union_members
//! Fields of a union may be named like methods and fields of handles. On the mirror, the method of
//! the field takes precedence.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word {
    raw: u32,
    value: [u8; 4],
    shared: i32,
    fields: [u16; 2],
    part: f32,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Value {
    word: Word,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.word.raw().store(1);
    assert_eq!((value.word.value()[0].load(), value.word.shared().load(), value.word.fields()[0].load()), (1, 1, 1));
    assert!(value.word.part().load() > 0.0);
}
