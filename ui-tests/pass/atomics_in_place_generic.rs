//! With an atomic for its argument.
#![forbid(unsafe_code)]

use std::sync::atomic;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Pair<A, B>(A, B);

type Both = Pair<atomic::AtomicU64, atomic::AtomicU64>;

fn main() {
    let pair = Mapping::memfd(4096).unwrap().var::<Both>(0).unwrap();
    let _: &Both = pair.as_ref();
}
