//! Arenas in children, and in those that have their parent's process number: each is process 1 of
//! its own namespace.

use std::os::fd::{AsFd, BorrowedFd};
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use mapvalue::{Arena, ArenaError, ArenaFlags};
use mapvalue_tests::feature::{Version, running};
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

/// Forks children while another thread opens an arena and lets go of it, and returns how many of
/// them could not open it, by reason: something is there, the arena is, or another.
fn refused_to_children(fd: BorrowedFd<'_>) -> (u32, [u32; 3]) {
    let ended = AtomicBool::new(false);
    let (mut children, mut refused) = (0, [0; 3]);
    thread::scope(|scope| {
        let _ended = AtTheEnd(|| ended.store(true, Relaxed));
        scope.spawn(|| {
            while !ended.load(Relaxed) {
                drop(Arena::from_map(fd).unwrap());
            }
        });
        let race = Race::of(duration());
        while race.goes_on(children >= 100) {
            let status = fork(|| match Arena::from_map(fd) {
                Ok(arena) if arena.var::<u64>(arena.at(64)).is_ok_and(|word| word.load() == 7) => 42,
                Err(ArenaError::AddressTaken { .. }) => 0,
                Err(ArenaError::MappedHere { .. }) => 1,
                _ => 2,
            });
            children += 1;
            if status != 42 {
                refused[usize::try_from(status).unwrap()] += 1;
            }
        }
    });
    (children, refused)
}

#[test]
fn a_child_forked_while_a_thread_opens_an_arena_inherits_nothing_that_is_in_its_way() {
    kernel::require!(ARENA);
    if !child::alone(a_child_forked_while_a_thread_opens_an_arena_inherits_nothing_that_is_in_its_way) {
        return;
    }
    let arena = Arena::create(16, ArenaFlags::default()).unwrap();
    arena.var::<u64>(arena.at(64)).unwrap().store(7);
    let fd = arena.fd().unwrap().try_clone_to_owned().unwrap();
    drop(arena);
    let (children, mut refused) = refused_to_children(fd.as_fd());
    println!("{refused:?} of {children} children were refused");
    // Before, the mapping is kept from children by a second system call (of 6.18, until an update).
    if running() < Version(7, 0) {
        refused[1] = 0;
    }
    assert_eq!(refused, [0; 3], "of {children}: something was there, the arena was, another reason");
    child::done();
}

#[test]
fn a_process_without_addresses_to_spare_is_told_so() {
    kernel::require!(ARENA);
    if !child::alone(a_process_without_addresses_to_spare_is_told_so) {
        return;
    }
    let limit = libc::rlimit { rlim_cur: 1 << 31, rlim_max: 1 << 31 };
    // SAFETY: it only reads the limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    let error = Arena::create(1 << 20, ArenaFlags::default()).unwrap_err();
    assert!(matches!(error, ArenaError::NoRoom { len } if len == 1 << 32), "{error:?}");
    Arena::create(16, ArenaFlags::default()).unwrap();
    child::done();
}
