//! An allocator beside processes that other tests cannot have: of other PID namespaces, of an
//! `exec`, and stopped ones.

use std::env;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::arena::{AllocError, Allocator, Config};
use mapvalue::{Arena, ArenaPtr, Var};
use mapvalue_tests::kernel::{self, child};
use mapvalue_tests::{again, clock, feature, fork, fork_first_of_namespace};

/// Offsets in an allocator: see `layout`, or `mapvalue/alloc.bpf.h`.
const SHARDS: u64 = 1152;
const SHARD: u64 = 128;
/// The gates of visitors, behind those of the shards.
const VISITORS: std::ops::Range<u64> = 64..80;

const CAPACITY: u32 = 4096;

fn create(arena: &Arena) -> Allocator {
    Allocator::create(arena, Config { value_size: 8, capacity: CAPACITY, ..Config::default() }).unwrap()
}

/// The words of a gate: its thread, and the namespace of that.
fn gate(arena: &Arena, objects: &Allocator, gate: u64) -> [Var<u64>; 2] {
    let at = objects.as_ptr().address() + SHARDS + SHARD * gate;
    [at, at + 8].map(|at| arena.var(ArenaPtr::from_address(at)).unwrap())
}

fn owned_shards(arena: &Arena, objects: &Allocator) -> usize {
    (0..64).filter(|shard| gate(arena, objects, *shard)[0].load() != 0).count()
}

#[test]
fn what_processes_of_other_namespaces_left_behind_is_found_by_a_recovery() {
    kernel::require!();
    feature::require!(feature::PIDFD_INODES);
    if !child::alone(what_processes_of_other_namespaces_left_behind_is_found_by_a_recovery) {
        return;
    }
    let arena = Arena::memfd(64).unwrap();
    let objects = create(&arena);
    // Each ends without giving anything back. The last half ends among the lists.
    for turn in 0..66 {
        let crash = || {
            drop([(); 3].map(|()| objects.alloc(7u64).unwrap()));
            if turn >= 33 {
                let owners = (0..64).map(|shard| gate(&arena, &objects, shard).into_iter().next().unwrap());
                owners.filter(|owner| owner.load() != 0).for_each(|owner| _ = owner.fetch_or(1));
            }
            42
        };
        // A thread has only one child that is the first of a namespace.
        thread::scope(|scope| scope.spawn(|| assert_eq!(fork_first_of_namespace(crash), 42)).join().unwrap());
    }
    assert_eq!(owned_shards(&arena, &objects), 64, "nobody here can know that their threads are gone");
    let recovered = objects.recover().unwrap();
    assert_eq!((recovered.free, recovered.scribbled), (CAPACITY.into(), 0));
    assert_eq!((owned_shards(&arena, &objects), objects.stats().live), (0, 0));
    drop(objects.alloc(7u64).unwrap());
    assert_eq!(owned_shards(&arena, &objects), 1, "there are shards again");
    assert_eq!(objects.close().unwrap().remaining(), 0);
    child::done();
}

/// The environment variable that gives the second program the place of the arena.
const EXEC: &str = "MAPVALUE_TEST_EXEC_ARENA";

#[test]
#[ignore = "it is the second program of the process of the test below"]
fn the_program_that_a_process_goes_on_as() {
    let Ok(path) = env::var(EXEC) else { return };
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let [first, second] = [(); 2].map(|()| Arena::from_memfd(&file).unwrap());
    let [objects, other] = [&first, &second].map(|arena| Allocator::open(arena, arena.page(1)).unwrap());
    assert_eq!(owned_shards(&first, &objects), 1, "that of the first program");
    // This thread has a shard by each handle, and takes back none of those.
    drop([&objects, &other].map(|objects| objects.alloc(7u64).unwrap()));
    let mut all: Vec<_> = (0..).map_while(|_| objects.alloc(7u64).ok()).collect();
    let left = CAPACITY as usize - all.len();
    assert!((1..=3).contains(&left), "this thread keeps {left} by the other handle");
    assert_eq!(owned_shards(&first, &objects), 2);
    all.push(other.alloc(7u64).unwrap());
    drop((all, other));
    assert_eq!((objects.stats().live, objects.stats().failed), (0, 1));
    child::done();
}

/// The first thread of a process stays, with its number, when the process runs another program.
#[test]
fn what_a_program_kept_is_there_for_the_one_that_its_process_runs_next() {
    kernel::require!();
    feature::require!(feature::PIDFD_INODES);
    if !child::alone(what_a_program_kept_is_there_for_the_one_that_its_process_runs_next) {
        return;
    }
    let goes_well = |_| {
        let arena = Arena::memfd(64).unwrap();
        let objects = create(&arena);
        let first_program = || {
            drop([(); 3].map(|()| objects.alloc(7u64).unwrap()));
            let path = format!("/proc/{}/fd/{}", std::os::unix::process::parent_id(), arena.fd().unwrap().as_raw_fd());
            panic!("{}", again(the_program_that_a_process_goes_on_as).env(EXEC, path).exec());
        };
        fork(first_program) == 0
    };
    // One in 512 programs has the bits by which it is told from the one before.
    assert!((0..3).any(goes_well));
    child::done();
}

/// A machine may stop a thread for as long as it likes. It has then not looked at the gates.
#[test]
fn who_was_stopped_while_all_gates_were_closed_enters_when_they_are_open() {
    kernel::require!();
    if !child::alone(who_was_stopped_while_all_gates_were_closed_enters_when_they_are_open) {
        return;
    }
    let arena = Arena::memfd(64).unwrap();
    // So few slots that all threads are visitors.
    let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() }).unwrap();
    let gates: Vec<_> = VISITORS.map(|number| gate(&arena, &objects, number)).collect();
    let vacant = gates[0][0].load();
    let mine = Allocator::create(
        &arena,
        Config { value_size: 8, capacity: CAPACITY, at: Some(arena.page(16)), ..Config::default() },
    )
    .unwrap();
    drop(mine.alloc(7u64).unwrap());
    let [number, space] = gate(&arena, &mine, 0).map(|word| word.load());
    let mut refused = 0;
    for _ in 0..3 {
        // This thread is behind each of them.
        for [owner, owners_space] in &gates {
            owners_space.store(space);
            owner.store(number | 1);
        }
        let makes_an_object = |_| {
            // SAFETY: the child makes an object, and exits.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                let status = if objects.alloc(7u64).is_ok() { 42 } else { 1 };
                // SAFETY: it only ends the child.
                unsafe { libc::_exit(status) };
            }
            pid
        };
        let children = [0; 64].map(makes_an_object);
        thread::sleep(Duration::from_millis(200));
        let tell_all = |signal| {
            for pid in children {
                // SAFETY: it is a child that was not waited for yet.
                assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
            }
        };
        tell_all(libc::SIGSTOP);
        for [owner, _] in &gates {
            owner.store(vacant);
        }
        thread::sleep(Duration::from_millis(1500));
        tell_all(libc::SIGCONT);
        let is_refused = |pid: &i32| {
            let mut status = 0;
            // SAFETY: `waitpid` only writes `status`.
            assert_eq!(unsafe { libc::waitpid(*pid, &raw mut status, 0) }, *pid);
            libc::WEXITSTATUS(status) != 42
        };
        refused += children.iter().filter(|pid| is_refused(pid)).count();
        objects.recover_reachable([]).unwrap();
    }
    assert_eq!(refused, 0, "so many of 192 were told that there is no gate");
    child::done();
}

/// Somebody has closed all gates for good. Only the first drop waits for long, and all slots that
/// are lost are counted.
#[test]
fn gates_that_somebody_closed_for_good_cost_little_and_each_lost_slot_is_counted() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() }).unwrap();
    let held: Vec<_> = (0..50u64).map(|number| objects.alloc(number).unwrap()).collect();
    let gates: Vec<_> = VISITORS.map(|number| gate(&arena, &objects, number)).collect();
    for [owner, _] in &gates {
        owner.store(12_345 << 1 | 1);
    }
    let (start, failed) = (Instant::now(), objects.stats().failed);
    drop(held);
    let dropped = start.elapsed();
    println!("50 drops took {dropped:?}");
    match objects.alloc(7u64) {
        Err(AllocError::Corrupt { what, .. }) => assert!(what.contains("gate"), "{what}"),
        other => panic!("{other:?}"),
    }
    assert!(dropped.as_secs_f64() < 15.0 * clock::slowness(), "{dropped:?}");
    assert_eq!(objects.stats().failed - failed, 50);
    let recovered = objects.recover().unwrap();
    assert_eq!((recovered.free, recovered.lost), (100, 50));
    drop(objects.alloc(7u64).unwrap());
}
