//! Handles go to other threads and are shared between them, whatever they mark.
#![forbid(unsafe_code)]

use std::marker::PhantomData;
use std::rc::Rc;
use std::thread;

use mapvalue::{MapValue, Mapping};

#[derive(MapValue)]
#[repr(C)]
struct Counter(u64, PhantomData<Rc<u8>>);

fn main() {
    let counter = Mapping::memfd(4096).unwrap().var::<Counter>(0).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).map(|_| counter.0.fetch_add(1)).sum::<u64>());
        }
    });
    let moved = thread::spawn(move || counter.0.load());
    assert_eq!(moved.join().unwrap(), 400);
}
