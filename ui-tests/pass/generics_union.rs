//! A parameter in a union is taken for plain without being said to be.
#![forbid(unsafe_code)]

use mapvalue::{MapValue, Mapping, Var};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
union Either<A: Copy, B: Copy> {
    one: A,
    other: [B; 2],
}

fn main() {
    let either: Var<Either<u64, u32>> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    either.other()[1].store(1);
    assert_eq!(either.one().load(), if cfg!(target_endian = "little") { 1 << 32 } else { 1 });
}
