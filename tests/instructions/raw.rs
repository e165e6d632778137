//! Runs the raw twins of the hot paths, for `run` to count their instructions.

mod call;
#[path = "../codegen/raw.rs"]
mod paths;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;

use call::call;
use paths::{Apart, Contiguous, Eight, EightCells, Handle, MixedCells, Pool, SeqCells, Stats, Strided, Walk};

/// How many elements are summed.
const LEN: usize = 64;
const EIGHT: Eight = Eight { leaves: [1, 2, 3, 4, 5, 6, 7, 8] };

fn main() {
    let owner = Arc::new(AtomicBool::new(false));
    single(&Handle::new(leaked(), Arc::clone(&owner)));
    structs(&Handle::new(leaked(), Arc::clone(&owner)), &Handle::new(leaked(), Arc::clone(&owner)));
    let cells: &'static [AtomicU64; LEN] = Box::leak(Box::new([const { AtomicU64::new(0) }; LEN]));
    elements(&Strided::new(cells, Arc::clone(&owner)), &Contiguous::new(cells, Arc::clone(&owner)));
    banks(&Apart::new(cells, 5, Arc::clone(&owner)));
    let cell: Handle<SeqCells> = Handle::new(leaked(), Arc::clone(&owner));
    call!(seq_read(&cell));
    let records = std::array::from_fn(|i| AtomicU64::new(if i % 2 == 0 { 8 } else { i as u64 / 2 }));
    let mut walk = Walk { cells: Box::leak(Box::new(records)), consumer: leaked(), read: 16, produced: 20 * 16 };
    let path: fn(&mut Walk) -> _ = paths::next_record;
    for _ in 0..10 {
        black_box(black_box(path)(black_box(&mut walk)));
    }
    assert_eq!(walk.read, 11 * 16);
    let pool = Pool::new(leaked());
    call!(object_pair(&pool, &EIGHT));
    call!(open(&owner));
    call!(open_read_only(&owner));
}

fn leaked<T: Default>() -> &'static T {
    Box::leak(Box::default())
}

fn single(stats: &Handle<Stats>) {
    call!(load(stats));
    call!(load_read_only(stats));
    call!(load_acquire(stats));
    call!(store(stats, 7));
    call!(store_release(stats, 7));
    call!(fetch_add(stats, 7));
    call!(fetch_add_used(stats, 7));
    call!(load_bool(stats));
    call!(load_enum(stats));
    call!(load_big_endian(stats));
    call!(project(stats));
}

fn structs(eight: &Handle<EightCells>, mixed: &Handle<MixedCells>) {
    call!(store_eight(eight, &EIGHT));
    call!(load_eight(eight));
    call!(load_mixed(mixed));
    call!(view_field(eight));
    call!(view_eight(eight));
}

fn elements(array: &Strided, slice: &Contiguous) {
    call!(element(array, 3));
    call!(slice_element(slice, 3));
    call!(sum(slice));
}

fn banks(banks: &Apart) {
    call!(sum_banks(banks, 3));
    call!(sum_banks_into(banks));
}
