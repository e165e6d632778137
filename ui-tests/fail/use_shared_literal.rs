//! A cell cannot be built.
#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;

use mapvalue::{Mapping, Shared};

fn main() {
    let var = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap();
    let _: Shared<u64> = Shared { cell: AtomicU64::new(0), mode: PhantomData };
    let _ = (&*var, AtomicU64::new(0));
}
