//! Runs the hot paths of mapvalue, for `run` to count their instructions.

mod call;
#[path = "../codegen/ours.rs"]
mod paths;

use std::hint::black_box;
use std::sync::Arc;

use call::call;
use mapvalue::arena::{Allocator, Config};
use mapvalue::view::Plan;
use mapvalue::{Arena, Array, Banks, Btf, Mapping, Ring, SeqCell, Slice, Var, View};
use paths::{Eight, EightByName, Mixed, Stats};

/// How many elements are summed.
const LEN: usize = 64;
const EIGHT: Eight = Eight { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 };

fn main() {
    let mapping = Mapping::memfd(4096).expect("make a memfd");
    single(&mapping.var(64).expect("a place in the memfd"));
    structs(&mapping.var(64).expect("a place in the memfd"), &mapping.var(64).expect("a place in the memfd"));
    let btf = Btf::from_object(include_bytes!("../bpf/views_1.bpf.o")).expect("types of an object");
    views(&mapping.view(&Plan::new(&btf).expect("`struct eight`"), 64).expect("a place in the memfd"));
    elements(
        &Mapping::memfd(8 * LEN).expect("make a memfd").array().expect("an array in a memfd"),
        &mapping.slice(0, LEN).expect("a slice of the memfd"),
    );
    banks(&Mapping::memfd(8 * LEN).expect("make a memfd").banks_of(LEN / 8, 64, 5).expect("banks in a memfd"));
    let cell: Var<SeqCell<[u64; 8]>> = mapping.var(1024).expect("a place in the memfd");
    call!(seq_read(&cell));
    drop(cell);
    records();
    objects();
    call!(open(&mapping, 64));
    call!(open_read_only(&mapping, 64));
    assert_eq!(Arc::strong_count(&mapping), 1, "all handles were dropped");
}

/// Calls the path of one record, in a walk that has begun.
fn records() {
    let mut ring = Ring::memfd(4096).expect("make a memfd");
    let producer = ring.producer().expect("the only producer");
    (0..20_u64).for_each(|number| producer.send(number).expect("room for a record"));
    let mut walk = ring.records();
    assert!(walk.next().is_some(), "the first takes more");
    let path: fn(&mut mapvalue::ring::Records<'_>) -> _ = paths::next_record;
    for _ in 0..10 {
        black_box(black_box(path)(black_box(&mut walk)));
    }
    assert_eq!(walk.next().and_then(Result::ok).and_then(|record| record.load().ok()), Some(11_u64));
}

/// Calls the object paths from a thread that keeps free slots.
fn objects() {
    let arena = Arena::memfd(256).expect("make a memfd");
    let config = Config { value_size: size_of::<Eight>(), capacity: 10_000, ..Config::default() };
    let objects = Allocator::create(&arena, config).expect("room for an allocator");
    assert!(objects.alloc(EIGHT).is_ok(), "the first takes more");
    call!(object_pair(&objects, &EIGHT));
}

fn single(stats: &Var<Stats>) {
    let read_only = stats.read_only();
    call!(load(stats));
    call!(load_read_only(&read_only));
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

fn structs(eight: &Var<Eight>, mixed: &Var<Mixed>) {
    call!(store_eight(eight, &EIGHT));
    call!(load_eight(eight));
    call!(load_mixed(mixed));
}

fn views(eight: &View<EightByName>) {
    call!(view_field(eight));
    call!(view_eight(eight));
}

fn elements(array: &Array<u64>, slice: &Slice<u64>) {
    call!(element(array, 3));
    call!(slice_element(slice, 3));
    call!(sum(array));
}

fn banks(banks: &Banks<[u64]>) {
    call!(sum_banks(banks, 3));
    call!(sum_banks_into(banks));
}
