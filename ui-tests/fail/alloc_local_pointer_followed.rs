//! A pointer to an object is not followed by itself: somebody may free it.
#![forbid(unsafe_code)]

use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr = flows.alloc(7u64).unwrap().into_kptr();
    assert_eq!(*kptr.as_ref(), 7);
}
