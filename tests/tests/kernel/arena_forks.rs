//! Arenas in children that have their parent's process number: each is process 1 of its own
//! namespace.

use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use mapvalue::{Arena, ArenaFlags};
use mapvalue_tests::kernel::{self, child};
use mapvalue_tests::race::{AtTheEnd, Race, duration};
use mapvalue_tests::{fork, fork_first_of_namespace};

/// Runs `run` in a process whose number is 1, so that `child_of_1` can make children of the same
/// number.
fn in_process_1(run: impl FnOnce() -> i32) -> i32 {
    fork(|| fork_first_of_namespace(run))
}

/// Runs `child` in another process of number 1. A new thread forks it, since a thread has only one
/// such child.
fn child_of_1(child: impl FnOnce() -> i32 + Send) -> i32 {
    let in_child = || {
        // SAFETY: `alarm` only sets a timer. It ends a child that hangs.
        unsafe { libc::alarm(30) };
        if process::id() == 1 { child() } else { 2 }
    };
    thread::scope(|scope| scope.spawn(|| fork_first_of_namespace(in_child)).join().unwrap())
}

#[test]
fn a_child_of_its_parents_number_that_drops_the_inherited_arena_keeps_its_own() {
    kernel::require!(ARENA);
    if !child::alone(a_child_of_its_parents_number_that_drops_the_inherited_arena_keeps_its_own) {
        return;
    }
    let run = || {
        let arena = Arena::create(16, ArenaFlags::default()).unwrap();
        let word = arena.var::<u64>(arena.at(64)).unwrap();
        word.store(7);
        drop(word);
        child_of_1(|| {
            let own = Arena::from_map(arena.fd().unwrap()).unwrap();
            drop(arena);
            // If the arena were unmapped, this would raise a signal.
            if own.var::<u64>(own.at(64)).unwrap().load() == 7 { 42 } else { 1 }
        })
    };
    assert_eq!(in_process_1(run), 42);
    child::done();
}

#[test]
fn a_child_of_its_parents_number_does_not_wait_for_threads_that_opened_an_arena_there() {
    kernel::require!(ARENA);
    if !child::alone(a_child_of_its_parents_number_does_not_wait_for_threads_that_opened_an_arena_there) {
        return;
    }
    let run = || {
        let arena = Arena::create(16, ArenaFlags::default()).unwrap();
        let fd = arena.fd().unwrap();
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            let _ended = AtTheEnd(|| ended.store(true, Relaxed));
            // The arena is mapped here already, so each try fails after some time.
            scope.spawn(|| {
                while !ended.load(Relaxed) {
                    assert!(Arena::from_map(fd).is_err());
                }
            });
            let race = Race::of(duration());
            let mut children = 0;
            while race.goes_on(children >= 10) {
                let status = child_of_1(|| if Arena::from_map(fd).is_ok() { 42 } else { 1 });
                if status != 42 {
                    return status;
                }
                children += 1;
            }
            42
        })
    };
    assert_eq!(in_process_1(run), 42);
    child::done();
}
