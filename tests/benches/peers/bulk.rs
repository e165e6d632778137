//! Rows of many values at once: copies out of an array and into one.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mapvalue::{Array, MapValue, Mirror, Slice};

use crate::harness::{Side, compare};
use crate::memory::{Memory, Record};
use crate::rows::Outcome;

/// How many values are stored at once.
const STORED: usize = 3_000_000;

pub(crate) fn copy_4k(memory: &Memory) -> Outcome {
    copy(memory, 64, 64)
}

pub(crate) fn copy_1m(memory: &Memory) -> Outcome {
    copy(memory, 16_384, 1)
}

pub(crate) fn copy_64m(memory: &Memory) -> Outcome {
    copy(memory, 1 << 20, 1)
}

/// Copies `len` records `times` times a round, with the same source and target for both sides.
fn copy(memory: &Memory, len: usize, times: u32) -> Outcome {
    let array = memory.records.range(0..len).expect("a part of the array");
    let raw = memory.raw_records().cast_const();
    let mut out = vec![Record::default(); len];
    ours_copy(&array, &mut out);
    assert!((1..).zip(&out).all(|(seed, record)| *record == Record::of(seed)));
    out.fill(Record::default());
    memcpy(raw, &mut out);
    assert!((1..).zip(&out).all(|(seed, record)| *record == Record::of(seed)));
    // Both sides share one buffer, by turns.
    let out = std::cell::RefCell::new(out);
    let ours = || (0..times).for_each(|_| ours_copy(black_box(&array), black_box(&mut out.borrow_mut())));
    let theirs = || (0..times).for_each(|_| memcpy(black_box(raw), black_box(&mut out.borrow_mut())));
    Outcome::Timed(compare(Side::new(times, ours), Side::new(times, theirs)))
}

#[inline(never)]
fn ours_copy(array: &Array<Record>, out: &mut [Record]) {
    array.load_into(out).expect("as many as there are");
}

#[inline(never)]
fn memcpy(from: *const Record, out: &mut [Record]) {
    // SAFETY: `from` has as many records as `out`, and nobody writes to them meanwhile.
    unsafe { from.copy_to_nonoverlapping(out.as_mut_ptr(), out.len()) };
}

pub(crate) fn store_24m(memory: &Memory) -> Outcome {
    let array = memory.counters.range(0..STORED).expect("a part of the array");
    let raw = memory.raw_counters(STORED);
    let values: Vec<u64> = (1..).take(STORED).collect();
    let restored = || array.iter().zip(&values).all(|(cell, value)| cell.load() == *value);
    array.iter().for_each(|cell| cell.store(0));
    ours_store(&array, &values);
    assert!(restored());
    array.iter().for_each(|cell| cell.store(0));
    raw_store(raw, &values);
    assert!(restored());
    let ours = Side::new(1, || ours_store(black_box(&array), black_box(&values)));
    Outcome::Timed(compare(ours, Side::new(1, || raw_store(black_box(raw), black_box(&values)))))
}

#[inline(never)]
fn ours_store(array: &Array<u64>, values: &[u64]) {
    array.store_from(values).expect("as many as there are");
}

#[inline(never)]
fn raw_store(cells: &[AtomicU64], values: &[u64]) {
    for (cell, value) in cells.iter().zip(values) {
        cell.store(*value, Relaxed);
    }
}

/// A row of a table that is made from something else: 8 bytes, in 5 leaves.
#[derive(MapValue, Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct Row {
    pc: u16,
    kind: u8,
    register: u8,
    frame: u16,
    offset: i16,
}

impl Row {
    fn of(seed: u64) -> Self {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bytes = |at: u32| (seed >> at).to_le_bytes();
        let half = |at| u16::from_le_bytes([bytes(at)[0], bytes(at)[1]]);
        Self {
            pc: half(0),
            kind: bytes(16)[0],
            register: bytes(24)[0],
            frame: half(32),
            offset: half(48).cast_signed(),
        }
    }
}

pub(crate) fn store_24m_iter(memory: &Memory) -> Outcome {
    let rows: Slice<Row> = memory.counters.mapping().slice(0, STORED).expect("a part of the array");
    let seeds: Vec<u64> = (1..).take(STORED).collect();
    let stored = || rows.iter().zip(&seeds).all(|(row, seed)| row.load() == Row::of(*seed));
    let clear = || memory.counters.iter().take(STORED).for_each(|counter| counter.store(0));
    let raw = rows.as_ptr().cast_mut().cast::<Row>();
    clear();
    ours_store_iter(&rows, &seeds);
    assert!(stored());
    clear();
    raw_store_iter(raw, &seeds);
    assert!(stored());
    let ours = Side::new(1, || ours_store_iter(black_box(&rows), black_box(&seeds)));
    Outcome::Timed(compare(ours, Side::new(1, || raw_store_iter(black_box(raw), black_box(&seeds)))))
}

#[inline(never)]
fn ours_store_iter(rows: &Slice<Row>, seeds: &[u64]) {
    rows.store_from_iter(seeds.iter().map(|seed| Row::of(*seed))).expect("as many as there are");
}

#[inline(never)]
fn raw_store_iter(rows: *mut Row, seeds: &[u64]) {
    for (index, seed) in seeds.iter().enumerate() {
        // SAFETY: there are as many rows as seeds.
        let row = unsafe { rows.add(index) };
        // SAFETY: as above, and nobody else accesses the rows meanwhile.
        unsafe { row.write(Row::of(*seed)) };
    }
}
