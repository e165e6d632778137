//! A pointer to an object of the arena is.
#![forbid(unsafe_code)]

use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, Kptr, Local};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr: Kptr<u64, Local> = Kptr::NULL;
    assert!(flows.free(kptr).is_err());
}
