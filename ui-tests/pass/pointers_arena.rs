//! Pointers of an arena: to the type itself, to what is no value, in arrays, unions and generics.
#![forbid(unsafe_code)]

use mapvalue::{ArenaPtr, Kind, MapValue, Mapping, Plain, Storable, Var};
use std::collections::HashSet;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Node {
    next: ArenaPtr<Node>,
    pprev: ArenaPtr<ArenaPtr<Node>>,
    value: Other,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Other {
    node: ArenaPtr<Node>,
    name: ArenaPtr<str>,
    anything: ArenaPtr<dyn std::fmt::Debug>,
}

#[derive(MapValue)]
#[repr(C)]
struct List<T> {
    first: ArenaPtr<Item<T>>,
    buckets: [ArenaPtr<T>; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Item<T> {
    next: ArenaPtr<Item<T>>,
    value: T,
}

#[derive(MapValue)]
#[repr(C)]
union Link {
    node: ArenaPtr<Node>,
    raw: u64,
}

fn ends<T: Plain + Storable>(list: &Var<List<T>>) -> bool {
    list.first.load().is_null() && list.buckets.iter().all(|bucket| bucket.load().is_null())
}

fn assert_send_sync<T: Send + Sync>(_: T) {}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let node: Var<Node> = mapping.var(0).unwrap();
    assert_eq!(node.load().next, ArenaPtr::NULL);
    let full: ArenaPtr<Node> = ArenaPtr::from_address(0x1_0000_0020);
    node.next.store(full);
    assert_eq!(node.next.compare_exchange(ArenaPtr::default(), full), Err(full));
    assert_eq!(node.next.swap(full.cast::<u8>().cast()).offset(), 0x20);
    node.value.anything.store(full.cast::<u8>().cast::<u16>().cast::<Node>().cast());
    assert_eq!(format!("{:?}", node.next), "ArenaPtr(0x100000020)");
    assert_ne!(full, ArenaPtr::from_address(0x20));
    assert_eq!(HashSet::from([full, full]).len(), 1);
    assert_eq!(Node::LAYOUT.fields()[0].layout().kind(), Kind::Pointer);
    assert_eq!(Node::from_bytes(&node.load().to_bytes()).unwrap(), node.load());
    assert!(!<ArenaPtr<u8>>::from_address(1 << 32).is_null());
    assert!(ends::<u32>(&mapping.var(512).unwrap()));
    let link: Var<Link> = mapping.var(0).unwrap();
    assert_eq!(link.raw().load(), link.node().load().address());
    let _: Var<Item<Other>> = mapping.var(0).unwrap();
    assert_send_sync(<ArenaPtr<std::rc::Rc<u8>>>::NULL);
}
