//! A pointer of an arena has no `*`: it may be anything.
#![forbid(unsafe_code)]

use mapvalue::{ArenaPtr, Mapping};

fn main() {
    let pointer = Mapping::memfd(4096).unwrap().var::<ArenaPtr<u32>>(0).unwrap().load();
    assert_eq!(*pointer, 0);
}
