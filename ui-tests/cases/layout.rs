//@ pass: layout_align_64
//! A struct aligned to a cache line works alone and in an array.
#[derive(MapValue)]
#[repr(C, align(64))]
struct Line {
    packets: u64,
}

fn main() {
    assert_eq!((Line::LAYOUT.size(), Line::LAYOUT.align()), (64, 64));
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(mapping.var::<Line>(32).is_err());
    let by_cpu = mapping.var::<[Line; 4]>(64).unwrap();
    by_cpu[3].packets.store(9);
    assert_eq!(by_cpu.load()[3].packets, 9);
}

//@ case: layout_align_above_page
//! An alignment above a page is refused, because a mapping begins at a page.
#[derive(MapValue)]
#[repr(C, align(8192))] //~ #[repr(C, align(4096))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap().load().packets, 0);
}

//@ case: layout_align_alone
//! `align` alone leaves the order of the fields to Rust. `repr(C)` must stand beside it.
#[derive(MapValue)]
#[repr(align(64))] //~ #[repr(C, align(64))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 64);
}

//@ case: layout_align_not_power
//! An alignment that is not a power of two is one error, rustc's.
#[derive(MapValue)]
#[repr(C, align(48))] //~ #[repr(C, align(32))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 32);
}

//@ case: layout_big_endian_array
//! In an array, every big-endian integer must be aligned. Padding at the end of the element aligns
//! them.
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue)]
#[repr(C)]
struct Prefix {
    address: U32<BigEndian>,
    length: u8,
    //~ _unused: [u8; 3],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    prefixes: [Prefix; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 16);
}

//@ case: layout_big_endian_generic, built
//! A big-endian integer that is misaligned in one use of a generic struct is refused there.
use zerocopy::big_endian;

#[derive(MapValue)]
#[repr(C)]
struct Tagged<T> {
    tag: u16,
    value: T,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Tagged<big_endian::U32>>(0); //~
    //~ let _ = mapping.var::<Tagged<big_endian::U16>>(0);
}

//@ case: layout_big_endian_misaligned
//! A big-endian integer must lie at a multiple of its width, as the `__be32` of C does.
use zerocopy::byteorder::{BigEndian, U16, U32};

#[derive(MapValue)]
#[repr(C)]
struct Key {
    port: U16<BigEndian>,
    //~ _unused: [u8; 2],
    address: U32<BigEndian>,
}

fn main() {
    assert!(size_of::<Key>() > 0);
    //~ assert_eq!(Key::LAYOUT.align(), 4);
}

//@ case: layout_deny_padding_align
//! `deny_padding` refuses an alignment that leaves most of a cache line empty.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C, align(64))]
struct Line {
    packets: u64,
    //~ _rest: [u64; 7],
}

fn main() {
    assert!(size_of::<Line>() > 0);
    //~ assert_eq!(Line::LAYOUT.size(), 64);
}

//@ case: layout_deny_padding_generic, built
//! `deny_padding` on a generic struct is checked where the struct is used.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Tagged<T> {
    tag: u64,
    value: T,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Tagged<u32>>(0); //~ let _ = mapping.var::<Tagged<[u32; 2]>>(0);
}

//@ case: layout_deny_padding_hole
//! `deny_padding` refuses a hole between two fields. A field can fill the hole.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    kind: u8,
    //~ _unused: [u8; 7],
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 16);
}

//@ case: layout_deny_padding_inside
//! `deny_padding` also counts padding inside fields.
#[derive(MapValue)]
#[repr(C)]
struct Limit {
    rate: u32,
    burst: u16,
    live: bool, //~ live: [bool; 2],
}

#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    limits: [Limit; 3],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 24);
}

//@ case: layout_deny_padding_tail
//! `deny_padding` refuses padding at the end. A field can fill it.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
struct Value {
    packets: u64,
    drops: u32,
    live: bool,
    //~ _unused: [u8; 3],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 16);
}

//@ case: layout_deny_padding_union
//! `deny_padding` on a union requires that the widest field fills it.
#[derive(MapValue)]
#[map_value(deny_padding)]
#[repr(C)]
union Address {
    v4: u32,
    prefix: [u8; 6], //~ prefix: [u8; 8],
}

fn main() {
    assert!(size_of::<Address>() > 0);
    //~ assert_eq!(Address::LAYOUT.size(), 8);
}

//@ case: layout_drop
//! A type with `Drop` is refused, because memory that BPF shares is never dropped.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
}

impl Drop for Value { //~ impl Value {
    fn drop(&mut self) {}
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 4);
}

//@ case: layout_drop_generic, built
//! A generic struct with `Drop` is refused where it is used.
#[derive(MapValue)]
#[repr(C)]
struct Value<T> {
    inner: T,
}

impl<T> Drop for Value<T> { //~ impl<T> Value<T> {
    fn drop(&mut self) {}
}

fn main() {
    let _ = Mapping::memfd(4096).unwrap().var::<Value<u32>>(0);
}

//@ case: layout_empty_array_alignment
//! The element of an empty array must be a map value too.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    length: u32,
    data: [usize; 0], //~ data: [u64; 0],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.align(), 8);
}

//@ pass: layout_empty_array_field
//! A field may be `[T; 0]`: C's flexible array member, and the usual way to align a struct.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    _align: [u64; 0],
    length: u32,
    data: [u8; 0],
}

fn main() {
    assert_eq!((Value::LAYOUT.size(), Value::LAYOUT.align()), (8, 8));
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.length.store(3);
    assert_eq!((value.load().length, value.data.len()), (3, 0));
}

//@ pass: layout_large
//! A value may span many pages.
#[derive(MapValue)]
#[repr(C)]
struct Table {
    rows: [[u64; 512]; 64],
    last: u8,
}

fn main() {
    let table = Mapping::memfd(1 << 20).unwrap().var::<Table>(0).unwrap();
    table.rows[63][511].store(7);
    table.last.store(1);
    assert_eq!(table.rows.iter().flatten().map(|cell| cell.load()).sum::<u64>(), 7);
}

//@ case: layout_manually_drop
//! `ManuallyDrop` is refused: nothing in a map is dropped anyway.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: std::mem::ManuallyDrop<u32>, //~ id: u32,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 4);
}

//@ case: layout_nested_array_without_derive
//! The error for an array of structs that are not map values stands on the element.
//~ #[derive(MapValue)]
#[repr(C)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    queues: [[Inner; 4]; 2],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ let value = mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    //~ value.queues[1][3].packets.store(5);
    //~ assert_eq!(value.load().queues[1][3].packets, 5);
}

//@ case: layout_nested_refused
//! A nested struct that derives `MapValue` and is refused is one error.
#[derive(MapValue)]
#[repr(C)]
struct Inner {
    next: *const u8, //~ next: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    inner: Inner,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_nested_without_derive
//! A nested struct must derive `MapValue` too.
//~ #[derive(MapValue)]
#[repr(C)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    inner: Inner,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ let value = mapvalue::Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    //~ value.inner.packets.fetch_add(2);
    //~ assert_eq!(value.load().inner.packets, 2);
}

//@ case: layout_nested_without_derive_fields_used
//! A missing derive on a nested struct is one error. Uses of its fields add none.
//~ #[derive(MapValue)]
#[repr(C)]
struct Inner {
    packets: u64,
    by_queue: [u32; 4],
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u64,
    inner: [Inner; 2],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let value: Var<Value> = mapping.var(0).unwrap();
    value.inner[0].packets.fetch_add(1);
    value.inner[1].by_queue[2].store(4);
    let sum: u64 = value.inner.iter().map(|inner| inner.packets.load()).sum();
    let packets: Var<u64> = value.project(|value| &value.inner[0].packets);
    assert_eq!(packets.load(), sum);
    let view: Var<Value, ReadOnly> = mapping.var_ro(0).unwrap();
    assert_eq!(view.inner[0].packets.load(), value.load().inner[0].packets);
    assert_eq!(mapping.slice::<Value>(0, 2).unwrap()[0].inner[1].by_queue[2].load(), 4);
}

//@ case: layout_nested_without_derive_used
//! A missing derive on a nested struct is one error. Uses of the outer struct add none.
#[repr(C)]
//~ #[derive(MapValue)]
struct Inner {
    packets: u64,
}

#[derive(MapValue)]
#[repr(C)]
struct Value {
    id: u32,
    inner: Inner,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    assert_eq!(value.load().inner.packets, 0);
}

//@ case: layout_no_repr
//! A struct without a repr has the layout that Rust chooses. With `repr(C)` it has that of the C
//! struct.
#[derive(MapValue)]
//~ #[repr(C)]
struct Value {
    live: u8,
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.fields()[1].offset(), 8);
}

//@ case: layout_no_repr_used
//! A struct without a repr is one error, even when it is used.
#[derive(MapValue)]
//~ #[repr(C)]
struct Value {
    packets: u64,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.packets.store(5);
    assert_eq!(value.load().packets, 5);
}

//@ case: layout_packed
//! `packed` misaligns fields.
#[derive(MapValue)]
#[repr(C, packed)] //~ #[repr(C)]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    //~ assert!(Header::LAYOUT.fields()[1].offset() > 0);
}

//@ case: layout_packed_2
//! `packed(2)` misaligns wider fields, unless they happen to be aligned. Here they are, so the
//! layout without `packed` is the same.
#[derive(MapValue)]
#[repr(C, packed(2))] //~ #[repr(C)]
struct Header {
    kind: u16,
    flags: u16,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    //~ assert_eq!(Header::LAYOUT.fields()[2].offset(), 4);
}

//@ case: layout_packed_cfg_attr
//! `packed` is also seen when a `cfg_attr` brings it in.
#[derive(MapValue)]
#[repr(C)]
#[cfg_attr(unix, repr(packed))] //~ #[cfg_attr(not(unix), repr(packed))]
struct Header {
    kind: u8,
    length: u32,
}

fn main() {
    assert!(size_of::<Header>() > 0);
    //~ assert_eq!(Header::LAYOUT.size(), 8);
}

//@ case: layout_packed_tail
//! `packed` may only remove padding at the end. zerocopy's integers do the same.
#[derive(MapValue)]
#[repr(C, packed)] //~ #[repr(C)]
struct Event {
    time: u64, //~ time: zerocopy::little_endian::U64,
    cpu: u32, //~ cpu: zerocopy::little_endian::U32,
}

fn main() {
    assert_eq!(size_of::<Event>(), 12);
}

//@ case: layout_packed_used
//! A packed struct is one error, even when it is used.
#[derive(MapValue, Clone, Copy)]
#[repr(C, packed)] //~ #[repr(C)]
struct Value {
    id: u32,
    size: u32,
}

fn main() {
    let value = Mapping::memfd(4096).unwrap().var::<Value>(0).unwrap();
    value.id.store(1);
    value.store(value.load());
    assert_eq!(value.project(|value| &value.size).load(), 0);
}

//@ pass: layout_padding
//! Padding inside and at the end is neither written nor encoded.
#[derive(MapValue)]
#[repr(C)]
struct Value {
    kind: u8,
    limit: u32,
    live: bool,
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    mapping.write_at(0, &[0xee; 12]).unwrap();
    mapping.var::<Value>(0).unwrap().store(Value { kind: 1, limit: 2, live: true });
    let mut bytes = [0; 12];
    mapping.read_at(0, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 0xee, 0xee, 0xee, 2, 0, 0, 0, 1, 0xee, 0xee, 0xee]);
    assert_eq!(Value::from_bytes(&bytes).unwrap().to_bytes(), [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
}

//@ pass: layout_repr_before_derive
//! Attributes may stand in any order.
#[repr(C)]
#[derive(Clone, Copy, MapValue)]
struct Value {
    packets: u64,
}

fn main() {
    assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_repr_cfg_attr
//! A repr that a `cfg_attr` leaves out is missing. One that it brings in counts.
#[derive(MapValue)]
#[cfg_attr(not(unix), repr(C))] //~ #[cfg_attr(unix, repr(C))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_repr_conflict
//! Reprs that contradict each other are one error, rustc's.
#[derive(MapValue)]
#[repr(C, transparent)] //~ #[repr(C)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_repr_int_on_struct
//! An enum's repr on a struct is one error, rustc's.
#[derive(MapValue)]
#[repr(C, u8)] //~ #[repr(C)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_repr_rust
//! `repr(Rust)` spelled out is not a fixed layout either.
#[derive(MapValue)]
#[repr(Rust)] //~ #[repr(C)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_repr_unknown
//! An unknown repr is one error, rustc's.
#[derive(MapValue)]
#[repr(C, cacheline)] //~ #[repr(C, align(64))]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert!(Value::LAYOUT.size() >= 8);
}

//@ case: layout_repr_unknown_alone
//! An unknown repr alone is one error, rustc's. The derive does not also report a missing repr.
#[derive(MapValue)]
#[repr(c)] //~ #[repr(C)]
struct Value {
    packets: u64,
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert!(Value::LAYOUT.size() >= 8);
}

//@ pass: layout_transparent_newtype
//! A transparent newtype has the layout of what it wraps, and its field is reached by number.
use std::marker::PhantomData;

#[derive(MapValue, Debug, PartialEq)]
#[repr(transparent)]
struct Nanoseconds(u64);

#[derive(MapValue)]
#[repr(transparent)]
struct Tagged<T>(u32, PhantomData<T>);

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let time = mapping.var::<Nanoseconds>(8).unwrap();
    time.0.fetch_add(5);
    assert_eq!(time.load(), Nanoseconds(5));
    mapping.var::<Tagged<String>>(16).unwrap().0.store(1);
    assert_eq!(Tagged::<String>::LAYOUT.size(), 4);
}

//@ case: layout_tuple_struct
//! A tuple struct needs a repr too. Its fields are reached by number.
#[derive(MapValue)]
//~ #[repr(C)]
struct Pair(u32, u64);

fn main() {
    assert!(size_of::<Pair>() > 0);
    //~ let pair = mapvalue::Mapping::memfd(4096).unwrap().var::<Pair>(0).unwrap();
    //~ pair.1.store(7);
    //~ assert_eq!((pair.load().0, pair.load().1), (0, 7));
}

//@ pass: layout_two_repr_attributes
//! Two attributes may give a repr and two alignments. The larger alignment counts.
#[derive(MapValue)]
#[repr(align(8))]
#[repr(C)]
#[repr(align(32))]
struct Line {
    packets: u16,
}

fn main() {
    assert_eq!((Line::LAYOUT.size(), Line::LAYOUT.align()), (32, 32));
    Mapping::memfd(4096).unwrap().var::<Line>(32).unwrap().packets.store(1);
}

//@ pass: layout_union_align
//! A union may have an alignment of its own.
#[derive(MapValue)]
#[repr(C, align(16))]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    assert_eq!((Word::LAYOUT.size(), Word::LAYOUT.align()), (16, 16));
    let word = Mapping::memfd(4096).unwrap().var::<Word>(16).unwrap();
    word.number().store(u32::from_ne_bytes([1, 2, 3, 4]));
    assert_eq!(word.bytes()[2].load(), 3);
}

//@ case: layout_union_no_repr
//! A union needs `repr(C)`, which puts every field at its start.
#[derive(MapValue)]
//~ #[repr(C)]
union Word {
    number: u32,
    bytes: [u8; 4],
}

fn main() {
    assert!(size_of::<Word>() > 0);
    //~ assert!(Word::LAYOUT.fields().iter().all(|field| field.offset() == 0));
}

//@ case: layout_unit_struct
//! A struct without fields has no size, so it is refused.
#[derive(MapValue)]
#[repr(C)]
struct Value; //~ struct Value(u8);

fn main() {
    assert_eq!(align_of::<Value>(), 1);
    //~ assert_eq!(Value::LAYOUT.size(), 1);
}

//@ case: layout_zero_sized
//! A struct with only fields of no size is refused. One field with a size is enough.
use std::marker::PhantomData;

#[derive(MapValue)]
#[repr(C)]
struct Value {
    marker: PhantomData<u32>,
    none: [u64; 0], //~ some: [u64; 1],
}

fn main() {
    assert!(size_of::<Value>() > 0);
    //~ assert_eq!(Value::LAYOUT.size(), 8);
}

//@ case: layout_zero_sized_generic, built
//! A generic struct is refused in a use in which it has no size.
#[derive(MapValue)]
#[repr(C)]
struct Buffer<const N: usize> {
    bytes: [u8; N],
}

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    let _ = mapping.var::<Buffer<0>>(0); //~ let _ = mapping.var::<Buffer<1>>(0);
}

//@ pass: layout_zero_sized_handle
//! A type without size may be a field, but a handle to it is an error at run time.
use std::marker::PhantomData;

use mapvalue::{Mapping, PlaceError};

fn main() {
    let mapping = Mapping::memfd(4096).unwrap();
    assert!(matches!(mapping.var::<PhantomData<u32>>(0), Err(PlaceError::ZeroSized { .. })));
    assert!(matches!(mapping.var::<[u64; 0]>(0), Err(PlaceError::ZeroSized { .. })));
    assert!(matches!(mapping.array::<[u64; 0]>(), Err(PlaceError::ZeroSized { .. })));
}
