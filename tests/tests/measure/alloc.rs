//! Objects of an allocator: what they cost where a thread finds no slot at hand, as ratios in one
//! run.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use mapvalue::arena::{Allocator, Config};
use mapvalue::{Arena, ArenaPtr};
use mapvalue_tests::clock::least;

use crate::measuring;

fn create(arena: &Arena, page: u64, capacity: u32) -> Allocator {
    let at = Some(ArenaPtr::from_address(arena.start() + page * 4096));
    Allocator::create(arena, Config { value_size: 8, capacity, at, ..Config::default() }).unwrap()
}

/// The nanoseconds of `work`, which does `steps` steps: for one step, the least of some rounds.
fn each(steps: u32, mut work: impl FnMut()) -> f64 {
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e9 / f64::from(steps)
    };
    (0..20).map(round).fold(f64::INFINITY, f64::min)
}

/// Makes and drops one object after another.
fn one_by_one(objects: &Allocator) -> f64 {
    each(10_000, || (0..10_000u64).for_each(|number| drop(black_box(objects.alloc(number).unwrap()))))
}

/// Makes many objects, and then drops them.
fn many(objects: &Allocator, many: u32) -> f64 {
    let mut held = Vec::with_capacity(many as usize);
    each(many * 100, || {
        for _ in 0..100 {
            held.extend((0..many).map(|number| objects.alloc(u64::from(number)).unwrap()));
            held.clear();
        }
    })
}

#[test]
fn a_capacity_that_is_no_power_of_two_costs_no_more_than_the_next_that_is() {
    let Some(_alone) = measuring() else { return };
    let arena = Arena::memfd(64).unwrap();
    let [odd, even] = [(1, 1000), (32, 1024)].map(|(page, capacity)| create(&arena, page, capacity));
    for (what, limit) in [("one by one", 1.3), ("900 at once", 1.3)] {
        let time = |objects| if what == "one by one" { one_by_one(objects) } else { many(objects, 900) };
        let ratio = least(limit, || {
            let (odd, even) = (time(&odd), time(&even));
            println!("{what}: {odd:.1} ns an object of 1000, {even:.1} ns of 1024");
            odd / even
        });
        assert!(ratio < limit, "{what}: {ratio}");
    }
}

/// The thread finds what it has of an allocator in a table of its own, by a search, instead of at
/// one place: 10 steps of a tree for 1000 allocators, and lines of memory that are in no cache.
#[test]
fn a_thread_that_goes_round_a_thousand_allocators_takes_a_few_times_as_long_as_with_one() {
    const ALLOCATORS: u64 = 1000;
    let Some(_alone) = measuring() else { return };
    let arena = Arena::memfd(8 * (ALLOCATORS + 1)).unwrap();
    let all: Vec<_> = (0..ALLOCATORS).map(|number| create(&arena, 1 + 8 * number, 512)).collect();
    let round = || all.iter().for_each(|objects| drop(black_box(objects.alloc(7u64).unwrap())));
    let ratio = least(10.0, || {
        let (many, one) = (each(1000, round), one_by_one(&all[0]));
        println!("an object of one allocator after the other: {many:.1} ns, of one allocator: {one:.1} ns");
        many / one
    });
    assert!(ratio < 10.0, "{ratio} times as long as with one allocator");
}

/// There are shards for 64 threads. The others take each slot from the shared list, behind a gate
/// that they share.
#[test]
fn the_65th_thread_takes_a_few_times_as_long_as_one_that_has_slots_of_its_own() {
    let Some(_alone) = measuring() else { return };
    let arena = Arena::memfd(64).unwrap();
    let objects = create(&arena, 1, 4096);
    let own = one_by_one(&objects);
    let [all_have, measured] = [65, 65].map(Barrier::new);
    let without = thread::scope(|scope| {
        for _ in 0..63 {
            scope.spawn(|| {
                drop(objects.alloc(7u64).unwrap());
                all_have.wait();
                measured.wait();
            });
        }
        let last = scope.spawn(|| {
            all_have.wait();
            let without = least(30.0 * own, || one_by_one(&objects));
            measured.wait();
            without
        });
        all_have.wait();
        measured.wait();
        last.join().unwrap()
    });
    println!("an object of the 65th thread: {without:.1} ns, of one with slots of its own: {own:.1} ns");
    assert!(without < 30.0 * own, "{} times as long", without / own);
}

/// Objects that are dropped many at once go to the shared list, half a thread's slots at a time.
/// They go there one by one: see `Inside::list`.
#[test]
fn many_objects_at_once_take_a_few_times_as_long_as_one_after_the_other() {
    let Some(_alone) = measuring() else { return };
    let arena = Arena::memfd(2048).unwrap();
    let objects = create(&arena, 1, 100_000);
    let ratio = least(20.0, || {
        let (many, one) = (many(&objects, 5000), one_by_one(&objects));
        println!("an object of 5000 at once: {many:.1} ns, of one at a time: {one:.1} ns");
        many / one
    });
    assert!(ratio < 20.0, "{ratio}");
}
