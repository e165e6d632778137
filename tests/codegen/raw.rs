//! The functions of `ours.rs`, written by hand with raw pointers and relaxed atomics: the limit to
//! reach. This is a crate of its own, so that the compiler cannot merge a function with its twin.

#![expect(unsafe_code, reason = "the raw twins")]
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_safety_doc,
    clippy::multiple_unsafe_ops_per_block
)]
#![allow(dead_code, unreachable_pub, reason = "of what one of the crates that this is part of does without")]

use std::cell::Cell;
use std::hint::black_box;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI8, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

#[derive(Default)]
pub struct Stats {
    pub packets: AtomicU64,
    pub bytes: AtomicU64,
    pub mode: AtomicU32,
    pub source: AtomicU32,
    pub live: AtomicU8,
}

pub type EightCells = [AtomicU64; 8];

pub struct Eight {
    pub leaves: [u64; 8],
}

#[derive(Default)]
pub struct SeqCells {
    pub sequence: AtomicU64,
    pub value: EightCells,
}

#[derive(Default)]
pub struct MixedCells {
    pub a: AtomicU64,
    pub b: AtomicU64,
    pub c: AtomicU32,
    pub d: AtomicU16,
    pub e: AtomicI8,
    pub f: AtomicU8,
    pub g: [AtomicU16; 4],
}

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

/// A pointer with an owner, like a `Var`.
pub struct Handle<T: 'static> {
    place: NonNull<T>,
    pub owner: Arc<AtomicBool>,
}

impl<T> Handle<T> {
    pub fn new(place: &'static T, owner: Arc<AtomicBool>) -> Self {
        Self { place: NonNull::from(place), owner }
    }

    fn get(&self) -> &T {
        // SAFETY: `new` was given a reference.
        unsafe { self.place.as_ref() }
    }
}

/// A pointer to elements 8 bytes apart, like an `Array` of 8-byte values.
pub struct Strided {
    first: NonNull<u8>,
    len: usize,
    pub owner: Arc<AtomicBool>,
}

impl Strided {
    pub fn new(cells: &'static [AtomicU64], owner: Arc<AtomicBool>) -> Self {
        Self { first: NonNull::from(cells).cast(), len: cells.len(), owner }
    }
}

/// A pointer with a length, like a `Slice`.
pub struct Contiguous {
    first: NonNull<AtomicU64>,
    len: usize,
    pub owner: Arc<AtomicBool>,
}

impl Contiguous {
    pub fn new(cells: &'static [AtomicU64], owner: Arc<AtomicBool>) -> Self {
        Self { first: NonNull::from(cells).cast(), len: cells.len(), owner }
    }
}

/// The first cells of every `stride` bytes, like `Banks`.
pub struct Apart {
    first: NonNull<AtomicU64>,
    len: usize,
    stride: usize,
    width: usize,
    pub owner: Arc<AtomicBool>,
}

impl Apart {
    /// One bank for every 64 bytes of cells, using `width` cells of each.
    pub fn new(cells: &'static [AtomicU64], width: usize, owner: Arc<AtomicBool>) -> Self {
        Self { first: NonNull::from(cells).cast(), len: cells.len() / 8, stride: 64, width, owner }
    }

    fn bank(&self, index: usize) -> &[AtomicU64] {
        // SAFETY: `new` was given that many banks.
        unsafe { std::slice::from_raw_parts(self.first.byte_add(index * self.stride).as_ptr(), self.width) }
    }
}

/// A walk over the records of a ring, for one thread.
pub struct Walk {
    pub cells: &'static [AtomicU64; 64],
    pub consumer: &'static AtomicU64,
    pub read: u64,
    pub produced: u64,
}

/// Objects of eight leaves each, for one thread.
pub struct Pool {
    free: Cell<Vec<&'static EightCells>>,
}

impl Pool {
    pub fn new(cells: &'static EightCells) -> Self {
        Self { free: Cell::new(vec![cells]) }
    }
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load(stats: &Handle<Stats>) -> u64 {
    stats.get().bytes.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_read_only(stats: &Handle<Stats>) -> u64 {
    stats.get().bytes.load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_acquire(stats: &Handle<Stats>) -> u64 {
    let value = stats.get().bytes.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    value
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store(stats: &Handle<Stats>, value: u64) {
    stats.get().bytes.store(value, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store_release(stats: &Handle<Stats>, value: u64) {
    stats.get().bytes.store(value, Ordering::Release);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn fetch_add(stats: &Handle<Stats>, value: u64) {
    stats.get().bytes.fetch_add(value, Ordering::Relaxed);
}

#[unsafe(no_mangle)]
pub extern "Rust" fn fetch_add_used(stats: &Handle<Stats>, value: u64) -> u64 {
    stats.get().bytes.fetch_add(value, Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_bool(stats: &Handle<Stats>) -> bool {
    stats.get().live.load(Ordering::Relaxed) != 0
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_enum(stats: &Handle<Stats>) -> bool {
    stats.get().mode.load(Ordering::Relaxed) == 1
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_big_endian(stats: &Handle<Stats>) -> u32 {
    u32::from_be(stats.get().source.load(Ordering::Relaxed))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn element(array: &Strided, index: usize) -> Option<u64> {
    // SAFETY: `new` was given that many cells, of 8 bytes each.
    (index < array.len)
        .then(|| unsafe { array.first.add(index * 8).cast::<AtomicU64>().as_ref() }.load(Ordering::Relaxed))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn slice_element(slice: &Contiguous, index: usize) -> Option<u64> {
    // SAFETY: `new` was given that many cells.
    let slice = unsafe { std::slice::from_raw_parts(slice.first.as_ptr(), slice.len) };
    slice.get(index).map(|cell| cell.load(Ordering::Relaxed))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum(slice: &Contiguous) -> u64 {
    // SAFETY: `new` was given that many cells.
    let slice = unsafe { std::slice::from_raw_parts(slice.first.as_ptr(), slice.len) };
    slice.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum_banks(banks: &Apart, index: usize) -> Option<u64> {
    if index >= banks.width {
        return None;
    }
    Some((0..banks.len).map(|bank| banks.bank(bank)[index].load(Ordering::Relaxed)).sum())
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum_banks_into(banks: &Apart) -> Option<[u64; 5]> {
    let mut sums = [0; 5];
    if banks.width != sums.len() {
        return None;
    }
    for bank in 0..banks.len {
        for (sum, cell) in sums.iter_mut().zip(banks.bank(bank)) {
            *sum += cell.load(Ordering::Relaxed);
        }
    }
    Some(sums)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_eight(value: &Handle<EightCells>) -> Eight {
    let cells = value.get();
    Eight { leaves: std::array::from_fn(|i| cells[i].load(Ordering::Relaxed)) }
}

#[unsafe(no_mangle)]
pub extern "Rust" fn view_field(value: &Handle<EightCells>) -> u64 {
    value.get()[2].load(Ordering::Relaxed)
}

#[unsafe(no_mangle)]
pub extern "Rust" fn view_eight(value: &Handle<EightCells>) -> Eight {
    let cells = value.get();
    Eight { leaves: std::array::from_fn(|i| cells[i].load(Ordering::Relaxed)) }
}

#[unsafe(no_mangle)]
pub extern "Rust" fn store_eight(place: &Handle<EightCells>, value: &Eight) {
    for (cell, leaf) in place.get().iter().zip(value.leaves) {
        cell.store(leaf, Ordering::Relaxed);
    }
}

#[unsafe(no_mangle)]
pub extern "Rust" fn load_mixed(value: &Handle<MixedCells>) -> Mixed {
    let cells = value.get();
    Mixed {
        a: cells.a.load(Ordering::Relaxed),
        b: f64::from_bits(cells.b.load(Ordering::Relaxed)),
        c: cells.c.load(Ordering::Relaxed),
        d: cells.d.load(Ordering::Relaxed),
        e: cells.e.load(Ordering::Relaxed),
        f: cells.f.load(Ordering::Relaxed) != 0,
        g: std::array::from_fn(|i| cells.g[i].load(Ordering::Relaxed)),
    }
}

/// Takes a share in the mapping but no place in it. The cost of checking a place is counted against
/// this.
#[unsafe(no_mangle)]
pub extern "Rust" fn open(owner: &Arc<AtomicBool>) {
    drop(black_box(Arc::clone(owner)));
}

#[unsafe(no_mangle)]
pub extern "Rust" fn open_read_only(owner: &Arc<AtomicBool>) {
    drop(black_box(Arc::clone(owner)));
}

#[unsafe(no_mangle)]
pub extern "Rust" fn project(stats: &Handle<Stats>) {
    drop(black_box(Handle { place: NonNull::from(&stats.get().bytes), owner: Arc::clone(&stats.owner) }));
}

/// A single try.
#[unsafe(no_mangle)]
pub extern "Rust" fn seq_read(cell: &Handle<SeqCells>) -> Option<[u64; 8]> {
    let cell = cell.get();
    let before = cell.sequence.load(Ordering::Acquire);
    if before % 2 == 1 {
        return None;
    }
    let value = std::array::from_fn(|i| cell.value[i].load(Ordering::Relaxed));
    fence(Ordering::Acquire);
    (cell.sequence.load(Ordering::Relaxed) == before).then_some(value)
}

/// Leaves out two things: the walk has one record in use at a time, and is of the process that reads.
#[unsafe(no_mangle)]
pub extern "Rust" fn next_record(walk: &mut Walk) -> Option<u64> {
    let available = walk.produced.wrapping_sub(walk.read);
    if available == 0 {
        return None;
    }
    let at = (walk.read / 8) as usize;
    // The low half is the header.
    let len = walk.cells[at % 64].load(Ordering::Acquire) & 0xffff_ffff;
    let span = (len + 15) & !7;
    if len >= 1 << 30 || span > available || len < 8 {
        return None;
    }
    let value = walk.cells[(at + 1) % 64].load(Ordering::Relaxed);
    walk.read = walk.read.wrapping_add(span);
    walk.consumer.store(walk.read, Ordering::Release);
    Some(value)
}

/// Leaves out three things: the word in memory that says who owns a slot, the count of objects, and
/// the check whether any more may be made.
#[unsafe(no_mangle)]
pub extern "Rust" fn object_pair(pool: &Pool, value: &Eight) -> bool {
    let mut free = pool.free.take();
    let Some(cells) = free.pop() else { return false };
    for (cell, leaf) in cells.iter().zip(value.leaves) {
        cell.store(leaf, Ordering::Relaxed);
    }
    black_box(cells);
    free.push(cells);
    pool.free.set(free);
    true
}
