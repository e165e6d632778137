//! Nor is it freed.
#![forbid(unsafe_code)]

use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, Kernel, Kptr};

fn main() {
    let arena = Arena::memfd(16).unwrap();
    let flows = Allocator::create(&arena, Config { value_size: 8, capacity: 10, ..Config::default() }).unwrap();
    let kptr: Kptr<u64, Kernel> = Kptr::NULL;
    assert!(flows.free(kptr).is_err());
}
