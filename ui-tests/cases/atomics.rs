//@ pass: atomics_all
//! Atomic integers of every width and sign, and arrays of them, are map values.
use std::sync::atomic::{

    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering,
};

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    a: AtomicU64,
    b: AtomicI64,
    c: AtomicU32,
    d: AtomicI32,
    e: AtomicU16,
    f: AtomicI16,
    g: AtomicU8,
    h: AtomicI8,
    each: [[AtomicU32; 2]; 2],
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    counters.each[1][0].fetch_add(5);
    let in_place: &Counters = counters.as_ref();
    in_place.each[1][0].fetch_add(1, Ordering::SeqCst);
    in_place.h.store(-1, Ordering::Relaxed);
    assert_eq!((counters.each[1][0].load(), counters.h.load()), (6, -1));
}

//@ case: atomics_bool
//! `AtomicBool` is refused, because a BPF program may store a byte that is neither 0 nor 1. A
//! `bool` is atomic through a handle.
use std::sync::atomic::AtomicBool; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicBool, //~ field: bool,
}

//@ case: atomics_cell
//! `Cell` is refused, because it is for one thread. The plain type is atomic through a handle.
use std::cell::Cell; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Cell<u64>, //~ field: u64,
}

//@ case: atomics_in_place
//! A struct with a plain field cannot be seen as `&T`. A struct of atomics alone can.
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    bytes: u64, //~ bytes: AtomicU64,
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let in_place: &Counters = counters.as_ref();
    in_place.packets.fetch_add(1, Ordering::Relaxed);
    assert_eq!(counters.packets.load(), 1);
}

//@ case: atomics_in_place_alias
//! A field is judged by its type, not by its spelling: an alias of `u64` is a plain field.
use std::sync::atomic::AtomicU64;

type Count = u64; //~ type Count = AtomicU64;

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    bytes: [Count; 2],
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let _: &Counters = counters.as_ref();
}

//@ case: atomics_in_place_generic
//! A generic struct is made of atomics only if its arguments are.
use std::sync::atomic;

#[derive(MapValue)]
#[repr(C)]
struct Pair<A, B>(A, B);

type Both = Pair<atomic::AtomicU64, u64>; //~
//~ type Both = Pair<atomic::AtomicU64, atomic::AtomicU64>;

fn main() {
    let pair = Mapping::memfd(4096).unwrap().var::<Both>(0).unwrap();
    let _: &Both = pair.as_ref();
}

//@ case: atomics_in_place_nested
//! A struct that holds a struct with a plain field cannot be seen as `&T`.
use std::sync::atomic::{AtomicU32, AtomicU64};

#[derive(MapValue)]
#[repr(C)]
struct Inner {
    a: AtomicU32,
    b: u32, //~ b: AtomicU32,
}

#[derive(MapValue)]
#[repr(C)]
struct Counters {
    packets: AtomicU64,
    inner: Inner,
}

fn main() {
    let counters = Mapping::memfd(4096).unwrap().var::<Counters>(0).unwrap();
    let _: &Counters = counters.as_ref();
}

//@ case: atomics_in_place_number
//! A number cannot be seen as `&u64`. An atomic can be seen as `&AtomicU64`.
use std::sync::atomic::AtomicU64;

fn main() {
    let number = Mapping::memfd(4096).unwrap().var::<u64>(0).unwrap(); //~
    //~ let number = Mapping::memfd(4096).unwrap().var::<AtomicU64>(0).unwrap();
    let _: &u64 = number.as_ref(); //~ let _: &AtomicU64 = number.as_ref();
    assert_eq!(size_of::<AtomicU64>(), 8);
}

//@ case: atomics_in_place_read_only
//! A read-only handle gives no atomic in place, because the atomic could be stored to.
use std::sync::atomic::AtomicU64;

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let number = mapping.var_ro::<AtomicU64>(0).unwrap(); //~
    //~ let number = mapping.var::<AtomicU64>(0).unwrap();
    let _: &AtomicU64 = number.as_ref();
}

//@ case: atomics_lazy_lock
//! `LazyLock` is refused: the first use in this process makes its value.
use std::sync::LazyLock; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: LazyLock<u64>, //~ field: u64,
}

//@ case: atomics_mutex
//! `Mutex` is refused: it locks out this process alone.
use std::sync::Mutex; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Mutex<u64>, //~ field: u64,
}

//@ case: atomics_once_cell
//! `OnceCell` is refused: this process alone sets it once.
use std::cell::OnceCell; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: OnceCell<u64>, //~ field: u64,
}

//@ case: atomics_ref_cell
//! `RefCell` is refused: it counts the borrows of one thread.
use std::cell::RefCell; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: RefCell<u64>, //~ field: u64,
}

//@ case: atomics_rw_lock
//! `RwLock` is refused: it locks out this process alone.
use std::sync::RwLock; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: RwLock<u64>, //~ field: u64,
}

//@ case: atomics_unsafe_cell
//! `UnsafeCell`, which all other cells are made of, is refused.
use std::cell::UnsafeCell; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: UnsafeCell<u64>, //~ field: u64,
}
