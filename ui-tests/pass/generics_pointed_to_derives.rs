//! A pointer is a number: it is copied, compared and printed whatever it points to.
#![forbid(unsafe_code)]

use mapvalue::{ArenaPtr, MapValue};

#[derive(MapValue, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(C)]
struct Node<T> {
    next: ArenaPtr<T>,
    value: u64,
}

fn is_copied<'a>(pointer: ArenaPtr<&'a u8>) -> [ArenaPtr<&'a u8>; 2] {
    [pointer, pointer]
}

fn main() {
    let node = Node::<u8>::default();
    assert_eq!(format!("{node:?}"), "Node { next: ArenaPtr(0x0), value: 0 }");
    assert!(is_copied(ArenaPtr::NULL)[0] == ArenaPtr::NULL);
}
