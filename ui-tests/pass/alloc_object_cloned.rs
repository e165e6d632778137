//! Its place can be shared, by reference.
#![forbid(unsafe_code)]

use mapvalue::Arena;
use mapvalue::arena::{Allocator, Config};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let flow = flows.alloc(7u64).unwrap();
    let again = &flow;
    assert_eq!(again.load(), 7);
}
