//! It is claimed first.
#![forbid(unsafe_code)]

use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr = flows.alloc(7u64).unwrap().into_kptr();
    assert_eq!(flows.claim(kptr).unwrap().load(), 7);
}
