//! A generic struct is made of atomics if its argument is.
#![forbid(unsafe_code)]

use std::sync::atomic;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Pair<A, B>(A, B);

type Both = Pair<atomic::AtomicU64, u64>;

fn main() {
    let pair = Mapping::memfd(4096).unwrap().var::<Both>(0).unwrap();
    let _: &Both = pair.as_ref();
}
