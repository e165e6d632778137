//@ case: width_alias
//! An alias of `usize` is refused: fields are judged by type, not by spelling.
type Count = usize; //~ type Count = u64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: Count,
}

//@ case: width_array
//! The error for an array of `usize` stands on the element.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [[usize; 2]; 2], //~ field: [[u64; 2]; 2],
}

//@ case: width_atomic_isize
//! An `AtomicIsize` is as wide as a pointer. 64 bits are accepted.
use std::sync::atomic::AtomicIsize; //~ use std::sync::atomic::AtomicI64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicIsize, //~ field: AtomicI64,
}

//@ case: width_atomic_usize
//! An `AtomicUsize` is as wide as a pointer. 64 bits are accepted.
use std::sync::atomic::AtomicUsize; //~ use std::sync::atomic::AtomicU64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicUsize, //~ field: AtomicU64,
}

//@ case: width_big_endian_usize
//! A `Usize` in network order is as wide as a pointer. 64 bits are accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    count: zerocopy::byteorder::Usize<zerocopy::BigEndian>, //~
    //~ count: zerocopy::byteorder::U64<zerocopy::BigEndian>,
}

//@ pass: width_c_types
//! C's types are aliases. Those of a fixed width are accepted.
use std::ffi::{c_int, c_longlong, c_short, c_uchar, c_uint};

#[derive(MapValue)]
#[repr(C)]
struct Value {
    a: c_int,
    b: c_uint,
    c: c_short,
    d: c_uchar,
    e: c_longlong,
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 24);
}

//@ case: width_isize
//! An `isize` is as wide as a pointer of this process, but BPF is always 64-bit.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: isize, //~ field: i64,
}

//@ case: width_nonzero
//! A `NonZeroUsize` is as wide as a pointer. 64 bits are accepted.
use std::num::NonZeroUsize; //~ use std::num::NonZeroU64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonZeroUsize, //~ field: Option<NonZeroU64>,
}

//@ case: width_option_nonzero
//! An `Option` of a `NonZeroUsize` is as wide as a pointer. 64 bits are accepted.
use std::num::NonZeroUsize; //~ use std::num::NonZeroU64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<NonZeroUsize>, //~ field: Option<NonZeroU64>,
}

//@ pass: width_own_type
//! A user's type that is named like `usize` is accepted: it is judged by what it is.
#![allow(non_camel_case_types)]

#[derive(MapValue, Clone, Copy)]
#[repr(transparent)]
struct usize(u64);

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Value {
    count: usize,
    counts: [usize; 2],
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.counts[1].0.store(4);
    assert_eq!(value.load().counts[1].0, 4);
}

//@ case: width_path
//! A `usize` by its path is refused.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: core::primitive::usize, //~ field: core::primitive::u64,
}

//@ case: width_usize
//! A `usize` is as wide as a pointer of this process, but BPF is always 64-bit.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: usize, //~ field: u64,
}

//@ case: width_wrapping
//! A `Wrapping<usize>` is as wide as a pointer. 64 bits are accepted.
use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Wrapping<usize>, //~ field: Wrapping<u64>,
}

//@ case: width_wrapping_u128
//! A `Wrapping` of 16 bytes is refused. One of 8 bytes is accepted.
use std::num::Wrapping;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Wrapping<u128>, //~ field: Wrapping<u64>,
}

fn main() {
    let _ = Value { field: Wrapping(1) }.field;
}
