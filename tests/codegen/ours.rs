//! Hot paths as users write them, each a function of its own with a twin in `raw.rs`.
//! `tests/codegen.rs` disassembles them, and `instructions/run` counts the instructions that they
//! execute.

#![expect(unsafe_code, reason = "for the unmangled names alone")]
#![allow(missing_docs, missing_debug_implementations)]
#![allow(dead_code, unreachable_pub, reason = "of what one of the crates that this is part of does without")]

use std::hint::black_box;
use std::sync::Arc;

use mapvalue::arena::Allocator;
use mapvalue::ring::Records;
use mapvalue::{Array, Banks, MapValue, MapView, Mapping, Plain, ReadOnly, SeqCell, Shared, Slice, Var, View};
use zerocopy::byteorder::{BigEndian, U32};

#[derive(MapValue, Clone, Copy)]
#[repr(u32)]
pub enum Mode {
    Count,
    Drop,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
pub struct Stats {
    pub packets: u64,
    pub bytes: u64,
    pub mode: Mode,
    pub source: U32<BigEndian>,
    pub live: bool,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
pub struct Eight {
    pub a: u64,
    pub b: u64,
    pub c: u64,
    pub d: u64,
    pub e: u64,
    pub f: u64,
    pub g: u64,
    pub h: u64,
}

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
pub struct Mixed {
    pub a: u64,
    pub b: f64,
    pub c: u32,
    pub d: u16,
    pub e: i8,
    pub f: bool,
    pub g: [u16; 4],
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load(stats: &Var<Stats>) -> u64 {
    stats.bytes.load()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_read_only(stats: &Var<Stats, ReadOnly>) -> u64 {
    stats.bytes.load()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_acquire(stats: &Var<Stats>) -> u64 {
    stats.bytes.load_acquire()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store(stats: &Var<Stats>, value: u64) {
    stats.bytes.store(value);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store_release(stats: &Var<Stats>, value: u64) {
    stats.bytes.store_release(value);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn fetch_add(stats: &Var<Stats>, value: u64) {
    stats.bytes.fetch_add(value);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn fetch_add_used(stats: &Var<Stats>, value: u64) -> u64 {
    stats.bytes.fetch_add(value)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_bool(stats: &Var<Stats>) -> bool {
    stats.live.load()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_enum(stats: &Var<Stats>) -> bool {
    matches!(stats.mode.try_load(), Ok(Mode::Drop))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_big_endian(stats: &Var<Stats>) -> u32 {
    stats.source.load().get()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn element(array: &Array<u64>, index: usize) -> Option<u64> {
    array.get(index).map(Shared::load)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn slice_element(slice: &Slice<u64>, index: usize) -> Option<u64> {
    slice.get(index).map(Shared::load)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_eight(value: &Var<Eight>) -> Eight {
    value.load()
}

/// The fields of `struct eight` by name.
#[derive(MapView)]
#[map_view(name = "eight")]
pub struct EightByName {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    e: u64,
    f: u64,
    g: u64,
    h: u64,
}

#[unsafe(no_mangle)]
pub extern "Rust" fn view_field(view: &View<EightByName>) -> u64 {
    view.c().load()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn view_eight(view: &View<EightByName>) -> EightByName {
    view.load()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store_eight(place: &Var<Eight>, value: &Eight) {
    place.store(*value);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_mixed(value: &Var<Mixed>) -> Mixed {
    value.load()
}

/// Checks that the bound that makes the loads above infallible is the public one.
pub const fn plain<T: Plain>() {}
const _: () = plain::<Eight>();

#[unsafe(no_mangle)]
pub extern "Rust" fn sum(array: &Array<u64>) -> u64 {
    array.iter().map(Shared::load).sum()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum_banks(banks: &Banks<[u64]>, index: usize) -> Option<u64> {
    banks.sum_of(index).ok()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum_banks_into(banks: &Banks<[u64]>) -> Option<[u64; 5]> {
    let mut sums = [0; 5];
    banks.sum_into(&mut sums).ok().map(|()| sums)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn open(mapping: &Arc<Mapping>, offset: usize) -> bool {
    mapping.var::<Stats>(offset).map(|var| drop(black_box(var))).is_ok()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn open_read_only(mapping: &Arc<Mapping>, offset: usize) -> bool {
    mapping.var_ro::<Stats>(offset).map(|var| drop(black_box(var))).is_ok()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn project(stats: &Var<Stats>) {
    drop(black_box(stats.project(|stats| &stats.bytes)));
}

#[unsafe(no_mangle)]
pub extern "Rust" fn seq_read(cell: &Var<SeqCell<[u64; 8]>>) -> Option<[u64; 8]> {
    cell.read().ok()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn next_record(walk: &mut Records<'_>) -> Option<u64> {
    walk.next()?.ok()?.load().ok()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn object_pair(objects: &Allocator, value: &Eight) -> bool {
    objects.alloc(*value).is_ok_and(|object| {
        black_box(&*object);
        true
    })
}
