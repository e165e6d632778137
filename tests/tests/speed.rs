//! Speed, as ratios to raw twins that take turns with ours in one run. Only a release build says anything.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use mapvalue::{Array, MapValue, Mapping, Shared, Var};

#[derive(MapValue, Clone, Copy)]
#[repr(C)]
struct Stats {
    packets: u64,
    bytes: u64,
}

/// Nanoseconds for a call of each of two functions: the median of many rounds in which they take turns, and of the ratio of
/// the two in each round. What disturbs the machine meets both alike.
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

fn is_release() -> bool {
    if cfg!(debug_assertions) {
        println!("skipped: not a release build");
    }
    !cfg!(debug_assertions)
}

#[test]
fn opening_and_dropping_a_var_costs_less_than_thirty_nanoseconds() {
    if !is_release() {
        return;
    }
    let mapping = Mapping::memfd(4096).unwrap();
    let (nanoseconds, ratio) = compare(
        20_000,
        || drop(black_box(black_box(&mapping).var::<Stats>(black_box(64)))),
        || drop(black_box(Arc::clone(black_box(&mapping)))),
    );
    println!("var and drop: {nanoseconds:.1} ns, {ratio:.2} times the clone and drop of an Arc");
    assert!(nanoseconds < 30.0, "{nanoseconds} ns");
}

#[test]
fn a_field_load_costs_what_a_raw_load_does() {
    if !is_release() {
        return;
    }
    let stats: Var<Stats> = Mapping::memfd(4096).unwrap().var(0).unwrap();
    // Behind a pointer, as ours is.
    let raw_values = [AtomicU64::new(0), AtomicU64::new(0)];
    let raw = &raw_values;
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
    assert!(ratio < 1.2, "{ratio}");
}

#[test]
fn elements_of_an_array_cost_less_than_one_fifth_more_than_raw_ones() {
    const LEN: usize = 65_536;
    if !is_release() {
        return;
    }
    let array: Array<u64> = Mapping::memfd(8 * LEN).unwrap().array().unwrap();
    // The same memory, since caches and page sizes would tell two apart.
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
    let (_, index) = compare(
        20,
        || {
            black_box(by_index());
        },
        || {
            black_box(sum_raw_by_index());
        },
    );
    let (_, iterator) = compare(
        20,
        || {
            black_box(by_iterator());
        },
        || {
            black_box(sum_raw());
        },
    );
    println!("array elements: by index {index:.2}, by iterator {iterator:.2} times raw");
    assert!(index < 1.2, "by index: {index}");
    assert!(iterator < 1.2, "by iterator: {iterator}");
}
