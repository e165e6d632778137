//! An allocator beside forks, thread exits and process exits: nothing waits for a thread that is
//! gone, and no slot is handed out twice or lost.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, Slice};
use mapvalue_tests::race::{AtTheEnd, Race, duration};
use mapvalue_tests::{feature, fork};

fn config(capacity: u32) -> Config {
    Config { value_size: 8, capacity, prefault: false, ..Config::default() }
}

/// Ends this process if it still runs after 30 seconds, so that a hang is seen.
fn not_for_ever() {
    // SAFETY: it only sets a timer.
    unsafe { libc::alarm(120) };
}

/// A scope waits for its threads' closures, not for their ends. So what they kept goes back while
/// the allocator is closed and made again.
#[test]
fn no_slot_has_two_objects_when_an_allocator_is_made_where_threads_still_leave_another() {
    let arena = Arena::memfd(2048).unwrap();
    let race = Race::of(duration());
    let mut rounds = 0;
    while race.goes_on(rounds >= 20) {
        let first = Allocator::create(&arena, config(70_000)).unwrap();
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let all: Vec<_> = (0..64u64).map(|number| first.alloc(number).unwrap()).collect();
                    drop(all);
                });
            }
        });
        assert_eq!(first.close().unwrap().remaining(), 0, "round {rounds}");

        let second = Allocator::create(&arena, config(70_000)).unwrap();
        let all: Vec<Object<u64>> = (0..400).map(|number| second.alloc(number).unwrap()).collect();
        let places: HashSet<_> = all.iter().map(|object| object.as_ptr().address()).collect();
        assert_eq!(places.len(), 400, "round {rounds}: a slot has two objects");
        assert!((0..).zip(&all).all(|(number, object)| object.load() == number));
        drop(all);
        assert_eq!(second.stats().failed, 0, "round {rounds}");
        assert_eq!(second.close().unwrap().remaining(), 0, "round {rounds}");
        rounds += 1;
    }
}

#[test]
fn a_child_forked_while_threads_open_and_drop_handles_opens_one_itself() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(1000)).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Relaxed));
        for _ in 0..2 {
            scope.spawn(|| {
                while !ended.load(Relaxed) {
                    let other = Allocator::open(&arena, objects.as_ptr()).unwrap();
                    let object = other.alloc(7u64);
                    drop(other);
                    drop(object);
                }
            });
        }
        let race = Race::of(duration());
        let mut children = 0;
        while race.goes_on(children >= 50) {
            let child = || {
                not_for_ever();
                let other = Allocator::open(&arena, objects.as_ptr()).unwrap();
                let one = other.alloc(7u64).unwrap();
                drop(other);
                if one.load() == 7 { 42 } else { 1 }
            };
            assert_eq!(fork(child), 42);
            children += 1;
        }
    });
}

/// The number of threads, in all processes, that have slots of their own.
fn owned_shards(arena: &Arena, objects: &Allocator) -> usize {
    let words: Slice<u64> = arena.slice(objects.as_ptr().cast(), (1152 + 64 * 128) / 8).unwrap();
    (0..64).filter(|shard| words[144 + shard * 16].load() != 0).count()
}

/// Ends a process without waiting for its `threads` threads, after each made and freed an object.
fn end_with_threads(objects: &Allocator, threads: usize) {
    let child = || {
        not_for_ever();
        let (send, kept) = std::sync::mpsc::channel();
        for _ in 0..threads {
            let (objects, send) = (objects.clone(), send.clone());
            thread::spawn(move || {
                drop([(); 40].map(|()| objects.alloc(7u64).unwrap()));
                send.send(()).unwrap();
                thread::sleep(Duration::from_secs(60));
            });
        }
        kept.iter().take(threads).for_each(drop);
        42
    };
    assert_eq!(fork(child), 42);
}

#[test]
fn what_threads_kept_whose_process_has_ended_is_found_without_a_recovery() {
    const CAPACITY: u32 = 20_000;
    feature::require!(feature::PIDFD_INODES);
    let arena = Arena::memfd(256).unwrap();
    let objects = Allocator::create(&arena, config(CAPACITY)).unwrap();
    for _ in 0..9 {
        end_with_threads(&objects, 8);
    }
    // Nine times eight threads need more shards than there are. The last ones still found one.
    thread::scope(|scope| scope.spawn(|| drop(objects.alloc(1u64).unwrap())).join().unwrap());
    let owned = owned_shards(&arena, &objects);
    assert!((1..=63).contains(&owned), "{owned} of 64 are taken");
    let all: Vec<_> = (0..CAPACITY).map(|_| objects.alloc(1u64).unwrap()).collect();
    assert!(matches!(objects.alloc(1u64), Err(AllocError::OutOfSlots { .. })));
    let places: HashSet<_> = all.iter().map(|object| object.as_ptr().address()).collect();
    assert_eq!(places.len(), CAPACITY as usize);
    drop(all);
    assert_eq!((objects.stats().live, objects.stats().failed), (0, 1));
    let recovered = objects.recover().unwrap();
    assert_eq!((recovered.free, recovered.lost, recovered.scribbled), (u64::from(CAPACITY), 0, 0));
}

/// Each of the second thread's objects was made by one that has ended, whose shard it has.
#[test]
fn what_a_thread_kept_of_one_that_had_its_shard_before_is_found_without_a_recovery() {
    const CAPACITY: u32 = 20_000;
    feature::require!(feature::PIDFD_INODES);
    let arena = Arena::memfd(256).unwrap();
    let objects = Allocator::create(&arena, config(CAPACITY)).unwrap();
    let child = || {
        not_for_ever();
        let twenty = || [(); 20].map(|()| objects.alloc(1u64).unwrap());
        let made = thread::scope(|scope| scope.spawn(twenty).join().unwrap());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut made = made.into_iter();
                while let (Some(one), Some(other)) = (made.next(), made.next()) {
                    let mine = objects.alloc(1u64).unwrap();
                    drop((one, other, mine));
                }
                // SAFETY: the process ends at once, before its threads could give anything back.
                unsafe { libc::_exit(42) }
            });
        });
        1
    };
    assert_eq!(fork(child), 42);
    assert_eq!((0..CAPACITY).map_while(|_| objects.alloc(1u64).ok().map(Object::into_ptr)).count(), CAPACITY as usize);
}

#[test]
fn a_process_that_ends_takes_nothing_from_one_that_lives() {
    const CAPACITY: u32 = 4096;
    feature::require!(feature::PIDFD_INODES);
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(CAPACITY)).unwrap();
    // This thread keeps some, too.
    drop([(); 3].map(|()| objects.alloc(7u64).unwrap()));
    let child = || {
        not_for_ever();
        end_with_threads(&objects, 8);
        // All slots, except those that the parent's thread keeps.
        let all: Vec<_> = (0..).map_while(|_| objects.alloc(7u64).ok().map(Object::into_ptr)).collect();
        for ptr in &all {
            objects.free(*ptr).unwrap();
        }
        if (CAPACITY as usize - 4..CAPACITY as usize).contains(&all.len()) { 42 } else { 1 }
    };
    assert_eq!(fork(child), 42);
    let all: Vec<_> = (0..CAPACITY).map(|_| objects.alloc(1u64).unwrap()).collect();
    let places: HashSet<_> = all.iter().map(|object| object.as_ptr().address()).collect();
    assert_eq!(places.len(), CAPACITY as usize);
}
