//! Pointers of the kernel's: opaque numbers.
#![forbid(unsafe_code)]

use mapvalue::{Kernel, Kind, Kptr, MapValue, Mapping, Var};
use std::collections::HashSet;

enum Task {}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Waiter {
    task: Kptr<Task, Kernel>,
    locks: [Kptr<[Waiter], Kernel>; 2],
}

fn assert_send_sync<T: Send + Sync>(_: T) {}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let waiter: Var<Waiter> = mapping.var(0).unwrap();
    assert_eq!(waiter.task.load(), Kptr::NULL);
    mapping.var::<u64>(0).unwrap().store(0xffff_8880_0000_0040);
    let task = waiter.task.load();
    assert!(!task.is_null() && task.address() == 0xffff_8880_0000_0040);
    assert_eq!(format!("{task:?}"), "Kptr(0xffff888000000040)");
    assert_eq!(HashSet::from([task, task, Kptr::default()]).len(), 2);
    assert_eq!(Waiter::LAYOUT.fields()[0].layout().kind(), Kind::Pointer);
    assert_eq!(Waiter::from_bytes(&waiter.load().to_bytes()).unwrap(), waiter.load());
    assert_send_sync(<Kptr<std::rc::Rc<u8>, Kernel>>::NULL);
}
