//! Speed, as ratios to twins that use raw pointers and take turns with ours in one run, or the
//! least ratio of a few runs. Only a release build is measured.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mapvalue::{Arena, ArenaPtr, Array, Banks, Error, MapValue, Mapping, Shared, Var};
use mapvalue_tests::clock::{least, slowness};
use mapvalue_tests::twins::sweep::{Scrape, Sweep};
use mapvalue_tests::twins::{self, Lookups};

use crate::measuring;

#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
}

/// Returns the nanoseconds for a call of `ours`, and the ratio of `ours` to `raw`: medians of many
/// rounds in which the two take turns, so that other work on the machine affects both alike.
fn compare(iterations: u32, mut ours: impl FnMut(), mut raw: impl FnMut()) -> (f64, f64) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        for _ in 0..iterations {
            work();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(iterations)
    };
    let (mut nanoseconds, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        let (ours, raw) = (time(&mut ours), time(&mut raw));
        nanoseconds.push(ours);
        ratios.push(ours / raw);
    }
    (median(nanoseconds), median(ratios))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn opening_and_dropping_a_var_costs_less_than_thirty_nanoseconds() {
    let Some(_alone) = measuring() else { return };
    let mapping = Mapping::memfd(4096).unwrap();
    let limit = 30.0 * slowness();
    let nanoseconds = least(limit, || {
        let (nanoseconds, ratio) = compare(
            20_000,
            || drop(black_box(black_box(&mapping).var::<Stats>(black_box(64)))),
            || drop(black_box(Arc::clone(black_box(&mapping)))),
        );
        println!("var and drop: {nanoseconds:.1} ns, {ratio:.2} times the clone and drop of an Arc");
        nanoseconds
    });
    assert!(nanoseconds < limit, "{nanoseconds} ns of {limit}");
}

#[test]
fn a_field_load_costs_what_a_raw_load_does() {
    let Some(_alone) = measuring() else { return };
    let stats: Var<Stats> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    // Behind a pointer, as ours are.
    let raw_values = [AtomicU64::new(0), AtomicU64::new(0)];
    let raw = &raw_values;
    let ratio = least(1.2, || {
        let (nanoseconds, ratio) = compare(
            50_000,
            || {
                black_box(black_box(&stats).bytes.load());
            },
            || {
                black_box(black_box(&raw)[1].load(Ordering::Relaxed));
            },
        );
        println!("field load: {nanoseconds:.2} ns, {ratio:.2} times raw");
        ratio
    });
    assert!(ratio < 1.2, "{ratio}");
}

#[test]
fn elements_of_an_array_cost_less_than_one_fifth_more_than_raw_ones() {
    const LEN: usize = 65_536;
    let Some(_alone) = measuring() else { return };
    let array: Array<u64> = Mapping::memfd(8 * LEN).unwrap().array().unwrap();
    // The same memory, since caches and page sizes could differ between two.
    let slice = array.mapping().slice::<u64>(0, LEN).unwrap();
    // SAFETY: a cell of a `u64` is an `AtomicU64`, and the memory lives as long as `slice`.
    let raw: &[AtomicU64] = unsafe { std::slice::from_raw_parts(slice.as_ptr().cast(), LEN) };
    for (i, cell) in array.iter().enumerate() {
        cell.store(i as u64);
    }
    let sum_raw_by_index = || {
        let raw = black_box(raw);
        (0..black_box(LEN)).map(|i| raw[i].load(Ordering::Relaxed)).sum::<u64>()
    };
    let sum_raw = || black_box(raw).iter().map(|cell| cell.load(Ordering::Relaxed)).sum::<u64>();
    let by_index = || {
        let array = black_box(&array);
        (0..black_box(LEN)).map(|i| array[i].load()).sum::<u64>()
    };
    let by_iterator = || black_box(&array).iter().map(Shared::load).sum::<u64>();
    assert_eq!([by_index(), by_iterator(), sum_raw()], [sum_raw_by_index(); 3]);
    let ratio = |ours: &dyn Fn() -> u64, raw: &dyn Fn() -> u64| {
        let run = |sum: &dyn Fn() -> u64| {
            black_box(sum());
        };
        least(1.2, || compare(20, || run(ours), || run(raw)).1)
    };
    let index = ratio(&by_index, &sum_raw_by_index);
    let iterator = ratio(&by_iterator, &sum_raw);
    println!("array elements: by index {index:.2}, by iterator {iterator:.2} times raw");
    assert!(index < 1.2, "by index: {index}");
    assert!(iterator < 1.2, "by iterator: {iterator}");
}

#[test]
fn sums_over_banks_cost_less_than_one_fifth_more_than_raw_ones() {
    const BANKS: usize = 1024;
    const BANK: usize = 8;
    let Some(_alone) = measuring() else { return };
    let mapping = Mapping::memfd(8 * BANK * BANKS).unwrap();
    let banks: Banks<[u64]> = mapping.banks_of(BANKS, 8 * BANK, BANK).unwrap();
    let structs: Banks<Stats> = mapping.banks(BANKS, 8 * BANK).unwrap();
    let slice = mapping.slice::<u64>(0, BANK * BANKS).unwrap();
    // SAFETY: a cell of a `u64` is an `AtomicU64`, and the memory lives as long as `slice`.
    let raw: &[AtomicU64] = unsafe { std::slice::from_raw_parts(slice.as_ptr().cast(), BANK * BANKS) };
    for (i, cell) in raw.iter().enumerate() {
        cell.store(i as u64, Ordering::Relaxed);
    }
    let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
    let one = || black_box(&banks).sum_of(black_box(1)).unwrap();
    let one_raw = || black_box(raw).chunks_exact(black_box(BANK)).map(|bank| load(&bank[1])).sum::<u64>();
    let both = || black_box(&structs).sum();
    let both_raw = || {
        let sum = |(packets, bytes): (u64, u64), bank: &[AtomicU64]| (packets + load(&bank[0]), bytes + load(&bank[1]));
        black_box(raw).chunks_exact(black_box(BANK)).fold((0, 0), sum)
    };
    let all = |out: &mut [u64]| black_box(&banks).sum_into(black_box(out)).unwrap();
    let all_raw = |out: &mut [u64]| {
        let out = black_box(out);
        out.fill(0);
        for bank in black_box(raw).chunks_exact(black_box(BANK)) {
            out.iter_mut().zip(bank).for_each(|(sum, cell)| *sum += load(cell));
        }
    };
    let (mut sums, mut sums_raw) = ([7; BANK], [8; BANK]);
    all(&mut sums);
    all_raw(&mut sums_raw);
    let Stats { packets, bytes } = both();
    assert_eq!((sums, sums[1], (packets, bytes)), (sums_raw, one_raw(), both_raw()));
    assert_eq!(one(), bytes);
    let one = least(1.2, || compare(100, || _ = black_box(one()), || _ = black_box(one_raw())).1);
    let both = least(1.2, || compare(100, || _ = black_box(both()), || _ = black_box(both_raw())).1);
    let all = least(1.2, || compare(100, || all(&mut sums), || all_raw(&mut sums_raw)).1);
    println!(
        "sums over {BANKS} banks: of one counter {one:.2} times raw, of a struct of two {both:.2}, of all eight {all:.2}"
    );
    assert!(one < 1.2, "of one counter: {one}");
    assert!(both < 1.2, "of a struct: {both}");
    assert!(all < 1.2, "of all counters: {all}");
}

#[derive(MapValue)]
#[repr(C)]
struct Node {
    next: ArenaPtr<Node>,
    value: u64,
}

/// Makes a list of `len` nodes of 16 bytes, side by side at the start of an arena, in an order that
/// no prefetcher guesses.
fn scattered_list(arena: &Arena, len: u64) -> ArenaPtr<Node> {
    let mut places: Vec<u64> = (0..len).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for i in (1..places.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        places.swap(i, usize::try_from(random % (i as u64 + 1)).unwrap());
    }
    let mut next = ArenaPtr::null();
    for place in places {
        let node = arena.get(arena.at::<Node>(16 * place)).unwrap();
        node.value.store(place);
        node.next.store(next);
        next = arena.ptr_of(node).unwrap();
    }
    next
}

fn walk(arena: &Arena, first: ArenaPtr<Node>) -> Result<u64, Error> {
    let (mut sum, mut next) = (0u64, first);
    while !next.is_null() {
        let node = arena.get(next)?;
        sum = sum.wrapping_add(node.value.load());
        next = node.next.load();
    }
    Ok(sum)
}

/// The same with raw pointers. A raw pointer is the pointer in memory plus `delta`.
fn walk_raw(delta: usize, first: u64) -> u64 {
    let (mut sum, mut next) = (0u64, first);
    while next != 0 {
        let node = std::ptr::with_exposed_provenance(usize::try_from(next).unwrap().wrapping_add(delta));
        // SAFETY: the list was made of nodes in memory that is mapped, and ends with null.
        let [next_word, value]: &[AtomicU64; 2] = unsafe { &*node };
        sum = sum.wrapping_add(value.load(Ordering::Relaxed));
        next = next_word.load(Ordering::Relaxed);
    }
    sum
}

fn compare_walks(arena: &Arena, len: u64) -> f64 {
    let first = scattered_list(arena, len);
    let start = (&raw const *arena.get(arena.at::<u64>(0)).unwrap()).expose_provenance();
    let delta = start.wrapping_sub(usize::try_from(arena.start()).unwrap());
    assert_eq!(walk(arena, first).unwrap(), walk_raw(delta, first.address()));
    let (nanoseconds, ratio) = compare(
        u32::try_from(200_000 / len).unwrap().max(1),
        || {
            black_box(walk(black_box(arena), black_box(first)).unwrap());
        },
        || {
            black_box(walk_raw(black_box(delta), black_box(first.address())));
        },
    );
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let each = nanoseconds / len as f64;
    println!("a list of {len} in `{}`: {each:.2} ns a node, {ratio:.2} times raw", arena.name());
    ratio
}

const OF_WALK: f64 = 1.15;

/// The ratios for lists in the first level of the cache, and outside it.
fn least_of_walks(arena: &Arena) -> Vec<f64> {
    [1 << 10, 1 << 14].map(|len| least(OF_WALK, || compare_walks(arena, len))).to_vec()
}

/// The ratios in a kernel arena; none if BPF is out of reach.
#[cfg(feature = "kernel")]
fn in_the_kernel() -> Vec<f64> {
    if let Some(reason) = mapvalue_tests::kernel::out_of_reach() {
        mapvalue_tests::skip(&reason);
        return Vec::new();
    }
    let arena = Arena::create(1024, mapvalue::ArenaFlags::default()).unwrap();
    least_of_walks(&arena)
}

#[cfg(not(feature = "kernel"))]
fn in_the_kernel() -> Vec<f64> {
    Vec::new()
}

#[test]
fn a_list_in_an_arena_is_walked_at_the_speed_of_raw_pointers() {
    let Some(_alone) = measuring() else { return };
    let memfd = Arena::memfd(1024).unwrap();
    let mut ratios = least_of_walks(&memfd);
    ratios.extend(in_the_kernel());
    // The first arena has the addresses that the pointers say, so this one is mapped elsewhere, and
    // following a pointer costs a call.
    let elsewhere = Arena::memfd(1024).unwrap();
    println!("mapped elsewhere: {:.2}", compare_walks(&elsewhere, 1 << 10));
    assert!(ratios.iter().all(|ratio| *ratio < OF_WALK), "{ratios:?}");
}

fn compare_lists(arena: &Arena, len: u64) -> f64 {
    let list = twins::scattered_numbers(arena, len);
    let (delta, head) = (twins::delta_of(arena), arena.at::<u64>(24 * len).address());
    assert_eq!(twins::sum_of(&list).unwrap(), twins::sum_of_raw(delta, head));
    let (nanoseconds, ratio) = compare(
        u32::try_from(200_000 / len).unwrap().max(1),
        || {
            black_box(twins::sum_of(black_box(&list)).unwrap());
        },
        || {
            black_box(twins::sum_of_raw(black_box(delta), black_box(head)));
        },
    );
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let each = nanoseconds / len as f64;
    println!("an `ArenaList` of {len} in `{}`: {each:.2} ns an element, {ratio:.2} times raw", arena.name());
    ratio
}

fn compare_tables(arena: &Arena, len: u32) -> f64 {
    let lookups = Lookups::new(arena, len);
    let delta = twins::delta_of(arena);
    assert_eq!(lookups.find(), lookups.find_raw(delta));
    let (nanoseconds, ratio) = compare(
        (200_000 / len).max(1),
        || {
            black_box(black_box(&lookups).find());
        },
        || {
            black_box(black_box(&lookups).find_raw(black_box(delta)));
        },
    );
    let each = nanoseconds / f64::from(len);
    println!("an `ArenaHashMap` of {len} in `{}`: {each:.2} ns a lookup, {ratio:.2} times raw", arena.name());
    ratio
}

/// In the first level of the cache and far outside it. (A lookup does more than follow pointers, and
/// in the cache that work does not overlap with waiting for memory.)
fn compare_lists_and_tables(arena: &Arena) {
    for len in [1 << 10, 1 << 17] {
        let ratio = least(1.2, || compare_lists(arena, len));
        assert!(ratio < 1.2, "a list of {len}: {ratio}");
        let ratio = least(1.2, || compare_tables(arena, u32::try_from(len).unwrap()));
        assert!(ratio < 1.2, "a table of {len}: {ratio}");
    }
}

#[test]
fn lists_and_tables_in_an_arena_are_as_fast_as_raw_pointers() {
    let Some(_alone) = measuring() else { return };
    compare_lists_and_tables(&Arena::memfd(2048).unwrap());
}

#[cfg(feature = "kernel")]
#[test]
fn lists_and_tables_in_an_arena_of_the_kernel_are_as_fast_as_raw_pointers() {
    use mapvalue_tests::kernel;

    kernel::require!();
    let Some(_alone) = measuring() else { return };
    compare_lists_and_tables(&Arena::create(2048, mapvalue::ArenaFlags::default()).unwrap());
}

#[test]
fn a_scrape_of_many_maps_takes_as_long_as_by_raw_pointers() {
    let sweep = Sweep::new(|counters| Mapping::memfd(8 * counters as usize).unwrap());
    let raw = sweep.raw();
    assert_eq!(sweep.maps(), 98);
    let (mut ours, mut theirs) = (Scrape::new(&sweep), Scrape::new(&sweep));
    sweep.scrape(&mut ours);
    raw.scrape(&mut theirs);
    assert!(ours.counters().all(|counter| counter > 0), "all places are loaded");
    assert!(ours.counters().eq(theirs.counters()), "both load the same");
    let Some(_alone) = measuring() else { return };
    let ratio = least(1.25, || {
        let (nanoseconds, ratio) = compare(
            50,
            || black_box(&sweep).scrape(black_box(&mut ours)),
            || black_box(&raw).scrape(black_box(&mut theirs)),
        );
        println!("a scrape of 98 maps: {nanoseconds:.0} ns, {ratio:.2} times raw");
        ratio
    });
    assert!(ratio < 1.25, "{ratio}");
}
