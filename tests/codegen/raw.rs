//! What `ours.rs` does, written by hand with raw pointers and relaxed atomics: the limit. A crate of its own, so that the
//! compiler cannot fold a function of the one into its twin in the other.

#![expect(unsafe_code, reason = "the raw twins")]
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_safety_doc,
    clippy::multiple_unsafe_ops_per_block
)]

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};

pub struct Stats {
    pub packets: AtomicU64,
    pub bytes: AtomicU64,
    pub mode: AtomicU32,
    pub source: AtomicU32,
    pub live: AtomicU8,
}

/// A pointer with an owner, as a `Var` is.
pub struct Handle<T> {
    place: NonNull<T>,
    pub owner: Arc<AtomicBool>,
}

impl<T> Handle<T> {
    fn get(&self) -> &T {
        // SAFETY: never called; only its code is looked at.
        unsafe { self.place.as_ref() }
    }
}

/// A pointer to elements 8 bytes apart, as an `Array` of 8-byte values is.
pub struct Strided {
    first: NonNull<u8>,
    len: usize,
    pub owner: Arc<AtomicBool>,
}

/// A pointer with a length, as a `Slice` is.
pub struct Contiguous {
    first: NonNull<AtomicU64>,
    len: usize,
    pub owner: Arc<AtomicBool>,
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
    // SAFETY: never called; only its code is looked at.
    (index < array.len)
        .then(|| unsafe { array.first.add(index * 8).cast::<AtomicU64>().as_ref() }.load(Ordering::Relaxed))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn slice_element(slice: &Contiguous, index: usize) -> Option<u64> {
    // SAFETY: never called; only its code is looked at.
    let slice = unsafe { std::slice::from_raw_parts(slice.first.as_ptr(), slice.len) };
    slice.get(index).map(|cell| cell.load(Ordering::Relaxed))
}

#[unsafe(no_mangle)]
pub extern "Rust" fn sum(slice: &Contiguous) -> u64 {
    // SAFETY: never called; only its code is looked at.
    let slice = unsafe { std::slice::from_raw_parts(slice.first.as_ptr(), slice.len) };
    slice.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
}
