//! The same of the value in place, of a struct made of atomics.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

use mapvalue::Mapping;

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<AtomicU64>(0).unwrap();
    let in_place: &AtomicU64 = counter.as_ref();
    drop(counter);
    in_place.store(1, Ordering::Relaxed);
}
