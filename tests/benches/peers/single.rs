//! Rows of single values: a load, a struct, an atomic addition, a handle.
//!
//! The loops are functions of their own, so that a disassembler finds them. An operation of ours
//! and its raw twin should compile to the same instructions. No compiler today merges relaxed or
//! volatile loads or moves them out of a loop, so nothing has to prevent it. Where the other side
//! uses plain loads, which could be moved, both sides get what they read anew each time.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use mapvalue::view::Plan;
use mapvalue::{Btf, MapValue, MapView, Mapping, SeqCell, Shared, Var, View};
use mapvalue_tests::kernel::{Libbpf, Loader, objects};
use vm_memory::{Bytes, VolatileSlice};
use zerocopy::FromBytes;

use crate::harness::{OPERATIONS, OURS, Side, THEIRS, compare, repeat};
use crate::memory::{Memory, Record};
use crate::rows::Outcome;

/// Not 0, so that a record's place differs from that of the map.
const INDEX: usize = 3;
const OFFSET: usize = INDEX * size_of::<Record>();

fn var(memory: &Memory) -> Var<Record> {
    memory.records.var(INDEX).expect("an index inside of the array")
}

/// Lets two functions of [`OPERATIONS`] operations take turns.
fn timed<R, S>(mut ours: impl FnMut() -> R, mut theirs: impl FnMut() -> S) -> Outcome {
    let ours = Side::new(OPERATIONS, move || drop(black_box(ours())));
    let theirs = Side::new(OPERATIONS, move || drop(black_box(theirs())));
    Outcome::Timed(compare(ours, theirs))
}

pub(crate) fn load_u64_raw(memory: &Memory) -> Outcome {
    let (var, raw) = (var(memory), memory.raw_record(INDEX));
    assert_eq!(ours_load_u64(&var), raw_load_u64(raw));
    timed(|| ours_load_u64(black_box(&var)), || raw_load_u64(black_box(raw)))
}

#[inline(never)]
fn ours_load_u64(var: &Var<Record>) -> u64 {
    let mut sum = 0u64;
    repeat::<OURS>(|| sum = sum.wrapping_add(var.bytes.load()));
    sum
}

#[inline(never)]
fn raw_load_u64(raw: &[AtomicU64; 8]) -> u64 {
    let mut sum = 0u64;
    repeat::<THEIRS>(|| sum = sum.wrapping_add(raw[1].load(Relaxed)));
    sum
}

pub(crate) fn load_64b_raw(memory: &Memory) -> Outcome {
    let (var, raw) = (var(memory), memory.raw_record(INDEX));
    assert_eq!(var.load(), load_leaves(raw));
    timed(|| ours_load_64b(black_box(&var)), || raw_load_64b(black_box(raw)))
}

#[inline(never)]
fn ours_load_64b(var: &Var<Record>) {
    repeat::<OURS>(|| {
        black_box(var.load());
    });
}

#[inline(never)]
fn raw_load_64b(raw: &[AtomicU64; 8]) {
    repeat::<THEIRS>(|| {
        black_box(load_leaves(raw));
    });
}

#[inline]
fn load_leaves(raw: &[AtomicU64; 8]) -> Record {
    Record {
        packets: raw[0].load(Relaxed),
        bytes: raw[1].load(Relaxed),
        errors: raw[2].load(Relaxed),
        drops: raw[3].load(Relaxed),
        first_seen: raw[4].load(Relaxed),
        last_seen: raw[5].load(Relaxed),
        flags: raw[6].load(Relaxed),
        owner: raw[7].load(Relaxed),
    }
}

/// Like [`ours_load_64b`], with the handle given anew each time.
#[inline(never)]
fn ours_load_64b_anew(var: &Var<Record>) {
    repeat::<OURS>(|| {
        black_box(black_box(var).load());
    });
}

pub(crate) fn load_64b_vm_memory(memory: &Memory) -> Outcome {
    let var = var(memory);
    // SAFETY: the mapping has that many bytes and lives as long as `memory`. All other accesses are
    // atomic.
    let slice = unsafe { VolatileSlice::new(memory.raw_records().cast(), memory.records.mapping().len()) };
    let read: [u64; 8] = slice.read_obj(OFFSET).expect("inside of the slice");
    assert_eq!(read, leaves(var.load()));
    timed(|| ours_load_64b(black_box(&var)), || vm_memory_load_64b(black_box(&slice)))
}

#[inline(never)]
fn vm_memory_load_64b(slice: &VolatileSlice<'_>) {
    repeat::<THEIRS>(|| {
        black_box(slice.read_obj::<[u64; 8]>(OFFSET).expect("inside of the slice"));
    });
}

/// The fields of `struct eight` by name.
#[derive(MapView)]
#[map_view(name = "eight")]
struct Eight {
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    e: u64,
    f: u64,
    g: u64,
    h: u64,
}

/// As `load_64b`: by a view beside a `Var`, of other memory of the same size.
pub(crate) fn view_64b_var(memory: &Memory) -> Outcome {
    let btf = Btf::from_object(include_bytes!("../../bpf/views_1.bpf.o")).expect("types of an object");
    let own = Mapping::memfd(4096).expect("make a memfd");
    let view = own.view(&Plan::<Eight>::new(&btf).expect("`struct eight`"), 64).expect("a place in it");
    view.c().cell().expect("a `__u64`").store(7);
    assert_eq!((view.load().c, view.load().h), (7, 0));
    let var = var(memory);
    timed(|| ours_view_64b(black_box(&view)), || theirs_load_64b(black_box(&var)))
}

#[inline(never)]
fn ours_view_64b(view: &View<Eight>) {
    repeat::<OURS>(|| {
        black_box(view.load());
    });
}

#[inline(never)]
fn theirs_load_64b(var: &Var<Record>) {
    repeat::<THEIRS>(|| {
        black_box(var.load());
    });
}

pub(crate) fn load_64b_zerocopy(memory: &Memory) -> Outcome {
    let var = var(memory);
    let plain = leaves(var.load()).map(u64::to_ne_bytes).concat();
    let (read, _) = <[u64; 8]>::read_from_prefix(&plain).expect("64 bytes");
    assert_eq!(read, leaves(var.load()));
    timed(|| ours_load_64b_anew(black_box(&var)), || zerocopy_load_64b(black_box(&plain)))
}

#[inline(never)]
fn zerocopy_load_64b(bytes: &[u8]) {
    repeat::<THEIRS>(|| {
        let (value, _) = <[u64; 8]>::read_from_prefix(black_box(bytes)).expect("64 bytes");
        black_box(value);
    });
}

fn leaves(record: Record) -> [u64; 8] {
    let Record { packets, bytes, errors, drops, first_seen, last_seen, flags, owner } = record;
    [packets, bytes, errors, drops, first_seen, last_seen, flags, owner]
}

/// The index of the cell among the counters.
const CELL: usize = 1024;

pub(crate) fn seq_read(memory: &Memory) -> Outcome {
    // The cell's number, and its value after it.
    let nine: &[AtomicU64; 9] = memory.raw_counters(CELL + 9)[CELL..].try_into().expect("nine counters");
    let (number, raw) = nine.split_first().expect("nine");
    let raw: &[AtomicU64; 8] = raw.try_into().expect("eight");
    number.store(0, Relaxed);
    let cell: Var<SeqCell<[u64; 8]>> =
        memory.counters.mapping().var(CELL * size_of::<u64>()).expect("a place in the map");
    cell.write([1, 2, 3, 4, 5, 6, 7, 8]).expect("nobody else writes");
    assert_eq!((cell.read(), number.load(Relaxed)), (Ok(leaves(load_leaves(raw))), 2));
    timed(|| ours_seq_read(black_box(&cell)), || raw_load_64b(black_box(raw)))
}

#[inline(never)]
fn ours_seq_read(cell: &Var<SeqCell<[u64; 8]>>) {
    repeat::<OURS>(|| {
        black_box(cell.read().expect("nobody writes"));
    });
}

pub(crate) fn var_open(memory: &Memory) -> Outcome {
    let mapping = memory.records.mapping();
    timed(|| ours_var_open(black_box(mapping)), || raw_var_open(black_box(mapping)))
}

#[inline(never)]
fn ours_var_open(mapping: &Arc<Mapping>) {
    repeat::<OURS>(|| drop(black_box(mapping.var::<Record>(black_box(OFFSET)).expect("a place in the map"))));
}

#[inline(never)]
fn raw_var_open(mapping: &Arc<Mapping>) {
    repeat::<THEIRS>(|| drop(black_box(Arc::clone(mapping))));
}

/// `struct fifty` of `checked.bpf.c`.
#[derive(MapValue, Clone, Copy)]
#[repr(C)]
#[rustfmt::skip]
struct Fifty {
    f00: u64, f01: u64, f02: u64, f03: u64, f04: u64, f05: u64, f06: u64, f07: u64, f08: u64, f09: u64,
    f10: u64, f11: u64, f12: u64, f13: u64, f14: u64, f15: u64, f16: u64, f17: u64, f18: u64, f19: u64,
    f20: u64, f21: u64, f22: u64, f23: u64, f24: u64, f25: u64, f26: u64, f27: u64, f28: u64, f29: u64,
    f30: u64, f31: u64, f32: u64, f33: u64, f34: u64, f35: u64, f36: u64, f37: u64, f38: u64, f39: u64,
    f40: u64, f41: u64, f42: u64, f43: u64, f44: u64, f45: u64, f46: u64, f47: u64, f48: u64, f49: u64,
}

/// As `var_open`, of a map whose types are known.
pub(crate) fn var_open_checked(memory: &Memory) -> Outcome {
    if let Err(reason) = memory.maps() {
        return Outcome::Skipped(reason.to_owned());
    }
    let loaded = Libbpf::load(objects::CHECKED);
    let mapping = Mapping::from_map_checked(loaded.map("fifty")).expect("a map with types");
    assert!(mapping.var::<Fifty>(0).is_ok() && mapping.var::<[u64; 50]>(0).is_err());
    timed(|| ours_var_open_checked(black_box(&mapping)), || raw_var_open(black_box(&mapping)))
}

#[inline(never)]
fn ours_var_open_checked(mapping: &Arc<Mapping>) {
    repeat::<OURS>(|| drop(black_box(mapping.var::<Fifty>(black_box(0)).expect("a place in the map"))));
}

pub(crate) fn fetch_add(memory: &Memory) -> Outcome {
    let (ours, raw) = (&memory.counters[INDEX], &memory.raw_counters(INDEX + 1)[INDEX]);
    let before = ours.load();
    ours_fetch_add(ours);
    raw_fetch_add(raw);
    assert_eq!(ours.load(), before + u64::from(2 * OPERATIONS));
    timed(|| ours_fetch_add(black_box(ours)), || raw_fetch_add(black_box(raw)))
}

#[inline(never)]
fn ours_fetch_add(counter: &Shared<u64>) {
    repeat::<OURS>(|| {
        counter.fetch_add(1);
    });
}

#[inline(never)]
fn raw_fetch_add(counter: &AtomicU64) {
    repeat::<THEIRS>(|| {
        counter.fetch_add(1, Relaxed);
    });
}
