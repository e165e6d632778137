//! Unions of structs, of unions and of arrays, and unions with parameters.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Plain};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Ports {
    source: u16,
    destination: u16,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Word<T: Copy + Plain, const N: usize> {
    ports: Ports,
    each: [T; N],
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Both {
    word: Word<u8, 4>,
    raw: u32,
}

fn main() {
    let both = Mapping::memfd(4096).unwrap().var::<Both>(0).unwrap();
    both.word().ports().destination.store(0x0101);
    assert_eq!((both.word().each()[2].load(), both.word().each()[3].load()), (1, 1));
    assert_eq!(both.raw().load().count_ones(), 2);
}
