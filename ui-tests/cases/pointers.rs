//@ case: pointers_alias
//! An alias of a pointer is refused: fields are judged by type, not by spelling.
type Next = *mut u32; //~ type Next = u32;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    next: Next,
}

//@ case: pointers_alias_named_like_a_number
//! An alias that is spelled like a number and is a pointer is refused. An alias spelled like a
//! number of another width is accepted.
#![allow(non_camel_case_types)]

type u32 = &'static str; //~ type u32 = u64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: pointers_alias_named_like_a_number_used
//! An alias that is spelled like a number and is a pointer is one error for each field, whatever is
//! done with the struct.
#![allow(non_camel_case_types)]

type u32 = &'static u8; //~ type u32 = u8;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: u32,
    id: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    let _ = value.next.load();
    value.id.store(1);
    let copy = value.load();
    value.store(Value { id: 2, ..copy });
}

//@ case: pointers_arc
//! `Arc` counts for this process alone.
use std::sync::Arc; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Arc<u32>, //~ field: u32,
}

//@ pass: pointers_arena
//! Arena pointers may point to the type itself and to types that are not map values, and may stand
//! in arrays, unions and generics.
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

//@ case: pointers_array
//! The error for an array of pointers stands on the element.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: [*mut u32; 4], //~ field: [u32; 4],
}

//@ case: pointers_associated_type
//! An associated type that is a pointer is refused. One that is a number is accepted.
trait Linked {
    type Link;
}

impl Linked for u32 {
    type Link = Option<Box<u32>>; //~ type Link = u32;
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: <u32 as Linked>::Link,
}

//@ case: pointers_atomic_ptr
//! `AtomicPtr` is an address in this process. An atomic offset is accepted.
use std::sync::atomic::AtomicPtr; //~ use std::sync::atomic::AtomicU64;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: AtomicPtr<u32>, //~ field: AtomicU64,
}

//@ case: pointers_box
//! A `Box` is an address in this process.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Box<u32>, //~ field: u32,
}

//@ case: pointers_box_dyn
//! A `Box` of a trait object is an address in this process.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Box<dyn Send>, //~ field: u32,
}

//@ case: pointers_c_string
//! A `CString` is an address in this process. Its bytes are accepted.
use std::ffi::CString; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: CString, //~ field: [u8; 16],
}

//@ case: pointers_const
//! A `*const` pointer is an address in this process. An index is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: *const u32, //~ field: u32,
}

//@ case: pointers_cow
//! A `Cow` is borrowed or owned, and in both cases its data is elsewhere.
use std::borrow::Cow; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Cow<'static, [u8]>, //~ field: [u8; 16],
}

//@ case: pointers_dyn
//! The last field cannot be a trait object.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: dyn Send, //~ field: u32,
}

fn main() {}

//@ case: pointers_fn
//! A function is an address in this process. A number can stand for it.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: fn(u32) -> u32, //~ field: u32,
}

//@ case: pointers_hash_map
//! A `HashMap` is a table of this process. An array of entries is accepted.
use std::collections::HashMap; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: HashMap<u32, u64>, //~ field: [u64; 4],
}

//@ pass: pointers_kernel
//! Kernel pointers are opaque numbers.
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

//@ case: pointers_lifetime
//! A value that borrows is refused. A value that owns its data is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value<'a> { //~ struct Value {
    name: &'a [u8; 16], //~ name: [u8; 16],
}

fn main() {}

//@ case: pointers_lifetime_and_string, 2 errors
//! A struct that borrows and holds a `String` is two mistakes, both reported at once.
#![allow(dead_code)]

#[derive(MapValue)]
#[repr(C)]
struct Value<'a, T> { //~ struct Value<T> {
    value: T,
    name: &'a u8, //~ text: [u8; 4],
    text: String, //~
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value<u8>>(0).unwrap();
    value.id.store(1);
    let _ = value.load().id;
}

//@ case: pointers_lifetime_fields_used
//! A struct that borrows is one error. Uses of its fields add none.
#![allow(dead_code)]

#[derive(MapValue)]
#[repr(C)]
struct Value<'a> { //~ struct Value {
    name: &'a [u8; 4], //~ name: [u8; 4],
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    let id = value.project(|value| &value.id);
    assert_eq!(id.load(), value.load().id);
    assert_eq!(value.name[0].load(), value.load().name[0]);
}

//@ case: pointers_lifetime_marker
//! A lifetime parameter is refused even if only a marker has it. `'static` is accepted in its
//! place.
use std::marker::PhantomData;

#[derive(MapValue)]
#[repr(C)]
struct Value<'a>(u32, PhantomData<&'a u32>); //~ struct Value(u32, PhantomData<&'static u32>);

fn main() {}

//@ case: pointers_lifetime_used
//! A struct that borrows is one error. A handle to it adds none.
#![allow(dead_code)]

#[derive(MapValue)]
#[repr(C)]
struct Value<'a> { //~ struct Value {
    name: &'a u8, //~ name: u8,
    id: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    let _ = (value.load(), value.clone());
}

//@ case: pointers_macro_group
//! A pointer that comes through a macro's `$ty` is refused. A number that does is accepted.
macro_rules! value {
    ($ty:ty) => {
        #[derive(MapValue)]
        #[repr(C)]
        struct Value {
            id: u32,
            next: [$ty; 2],
        }
    };
}

value!(*const u32); //~ value!(u32);

//@ case: pointers_mut
//! A `*mut` pointer is an address in this process. An index is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: *mut u32, //~ field: u32,
}

//@ case: pointers_mut_reference
//! A mutable reference is an address in this process.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: &'static mut u32, //~ field: u32,
}

//@ case: pointers_non_null
//! `NonNull` is an address in this process. An offset is accepted.
use std::ptr::NonNull; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: NonNull<u32>, //~ field: u32,
}

//@ case: pointers_option_box
//! An `Option` of a `Box` is an address or null.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<Box<u32>>, //~ field: u32,
}

//@ case: pointers_option_fn
//! An `Option` of a function is an address or null. A number can stand for it.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<extern "C" fn()>, //~ field: u32,
}

//@ case: pointers_option_reference
//! An `Option` of a reference is an address or null. An `Option` of an index is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Option<&'static u32>, //~ field: Option<std::num::NonZeroU32>,
}

//@ case: pointers_option_string
//! The error for an `Option` of text is about the text, and what it proposes is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    field: Option<String>, //~ field: [u8; 16],
}

//@ case: pointers_owned_fd
//! An `OwnedFd` belongs to this process. The number is accepted.
use std::os::fd::OwnedFd; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: OwnedFd, //~ field: i32,
}

//@ case: pointers_path
//! A `PathBuf` spelled by its full path is refused. Its bytes are accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: std::path::PathBuf, //~ field: [u8; 64],
}

//@ pass: pointers_phantom
//! A marker of a pointer is not a pointer.
use std::marker::PhantomData;
use std::rc::Rc;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    offset: u32,
    of: PhantomData<*const String>,
    unsized_too: PhantomData<[Rc<str>]>,
    borrowed: PhantomData<&'static str>,
}

fn send<T: Send + Sync>(_: &T) {}

fn main() {
    let value: Var<Value> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    value.offset.store(3);
    assert_eq!(value.load().offset, 3);
    send(&value);
}

//@ case: pointers_phantom_borrowed
//! A marker of a type that is not `'static` is refused.
use std::marker::PhantomData;

#[derive(MapValue)]
#[repr(C)]
struct Id<T> {
    id: u32,
    of: PhantomData<T>,
}

fn store<'a>(_: &'a str) { //~ fn store(_: &str) {
    let _ = Mapping::memfd(4096).unwrap().var::<Id<&'a str>>(0); //~
    //~ let _ = Mapping::memfd(4096).unwrap().var::<Id<&'static str>>(0);
}

fn main() {
    store("a");
}

//@ case: pointers_pin
//! A pinned `Box` is an address in this process.
use std::pin::Pin; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Pin<Box<u32>>, //~ field: u32,
}

//@ case: pointers_rc
//! `Rc` counts for one thread alone.
use std::rc::Rc; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Rc<u32>, //~ field: u32,
}

//@ case: pointers_reference
//! A reference is an address in this process.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: &'static u32, //~ field: u32,
}

//@ case: pointers_slice
//! The last field cannot be a slice. An array is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [u8], //~ data: [u8; 12],
}

fn main() {}

//@ case: pointers_static_str
//! A `&'static str` is an address in this process. Text in place is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: &'static str, //~ field: [u8; 16],
}

//@ case: pointers_str
//! The last field cannot be a `str`. An array of bytes is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: str, //~ data: [u8; 12],
}

fn main() {}

//@ case: pointers_string
//! A `String` is an address in this process. Its bytes are accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: String, //~ field: [u8; 16],
}

//@ case: pointers_type_macro
//! A macro in the place of a type that makes a pointer is refused. One that makes a number is
//! accepted.
macro_rules! link {
    ($to:ty) => {
        &'static $to //~ $to
    };
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    next: link!(u32),
}

//@ case: pointers_vec
//! A `Vec` keeps its data elsewhere. An array is accepted.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Vec<u32>, //~ field: [u32; 8],
}

//@ case: pointers_weak
//! A `Weak` counts for this process alone. An id is accepted.
use std::sync::Weak; //~

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    field: Weak<u32>, //~ field: u32,
}
