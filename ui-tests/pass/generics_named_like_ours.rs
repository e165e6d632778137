//! Parameters and constants with the names that the derive uses itself.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, ReadOnly};

#[derive(MapValue)]
#[repr(C)]
struct Both<A, Access, const N: usize> {
    a: A,
    access: [Access; N],
}

#[derive(MapValue)]
#[repr(C)]
struct Const<const A: usize> {
    each: [u8; A],
}

#[derive(MapValue)]
#[repr(C)]
struct More<Shared, MapValue, ReadWrite, T>(Shared, MapValue, ReadWrite, T)
where
    T: Copy;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let both = mapping.var::<Both<u32, u8, 4>>(0).unwrap();
    both.access[3].store(1);
    let view: &BothShared<u32, u8, 4, ReadOnly> = &both.read_only();
    assert_eq!(view.access[3].load(), 1);
    assert_eq!(mapping.var::<Const<8>>(0).unwrap().each[7].load(), 1);
    mapping.var::<More<u8, u8, u8, u8>>(8).unwrap().3.store(1);
}
