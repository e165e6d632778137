//! A process is killed while it closes an allocator, or makes a new one. The next process finds an
//! open allocator, a closed one, or none, with every slot accounted for.
//!
//! `MAPVALUE_KILLS` sets the number of kills: 1000 for a thorough test.

use std::env;
use std::os::fd::AsRawFd;
use std::process::{self, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use mapvalue::arena::{AllocError, Allocator, Config};
use mapvalue::{Arena, Kptr, Var};
use mapvalue_tests::again;
use mapvalue_tests::race::{PATIENCE, wait_until};
use mapvalue_tests::scribble::{CELLS, Flow, cells};

const CAPACITY: u32 = 2000;

/// Makes an allocator, where a killed process may have left one.
fn create(arena: &Arena) -> Allocator {
    if let Ok(old) = Allocator::open(arena, arena.page(1)) {
        // If the killed process had drained it, there is nothing to recover.
        let recovered = old.recover_reachable([]);
        assert!(matches!(recovered, Ok(_) | Err(AllocError::Closed)), "{recovered:?}");
        let closing = old.closing().unwrap_or_else(|| old.close().unwrap());
        assert!(closing.is_drained());
    }
    let config = Config { value_size: size_of::<Flow>(), capacity: CAPACITY, prefault: false, ..Config::default() };
    Allocator::create(arena, config).unwrap()
}

/// Counts the turns of the other process.
fn turns(arena: &Arena) -> Var<u64> {
    arena.var(arena.at(arena.len() - 8)).unwrap()
}

/// The environment variable that gives the other process the place of the arena.
const OTHER: &str = "MAPVALUE_TEST_CLOSING_PROCESS";

#[test]
#[ignore = "it is the second process of the test below"]
fn the_closing_process() {
    let Ok(path) = env::var(OTHER) else { return };
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let arena = Arena::from_memfd(&file).unwrap();
    let (cells, turns) = (cells(&arena), turns(&arena));
    // So that it ends if the first process dies.
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let flows = create(&arena);
        let held: Vec<_> = (0..50).map(|number| flows.alloc(Flow::of(number)).unwrap()).collect();
        for number in 0..200 {
            let old = cells[number % CELLS].flow.replace(flows.alloc(Flow::of(number as u64)).unwrap().into_kptr());
            if !old.is_null() {
                flows.free(old).unwrap();
            }
        }
        let closing = flows.close().unwrap();
        assert_eq!(closing.remaining(), (CELLS + held.len()) as u64);
        for flow in held {
            drop(flow);
            closing.remaining();
        }
        for cell in cells.iter() {
            closing.allocator().drain_objects([&cell.flow]).unwrap();
            closing.remaining();
        }
        assert!(closing.is_drained());
        turns.fetch_add(1);
    }
}

/// What the kills left behind.
#[derive(Debug, Default)]
struct Found {
    open: u32,
    closed: u32,
    none: u32,
    /// Objects that the killed processes held.
    orphans: u64,
    lost: u64,
}

#[test]
fn a_process_that_is_killed_while_it_closes_leaves_an_allocator_that_is_open_or_closed_and_whole() {
    let kills: u32 = env::var("MAPVALUE_KILLS").map_or(25, |given| given.parse().unwrap());
    let arena = Arena::memfd(64).unwrap();
    let (cells, turns) = (cells(&arena), turns(&arena));
    let mut found = Found::default();
    // Until it was found both open and closed, which is soon.
    for kill in 0.. {
        if kill >= kills && found.open > 0 && found.closed > 0 || kill > kills + 10_000 {
            break;
        }
        let before = turns.load();
        let mut other = again(the_closing_process)
            .env(OTHER, format!("/proc/{}/fd/{}", process::id(), arena.fd().unwrap().as_raw_fd()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the other process", || turns.load() > before || other.try_wait().unwrap().is_some());
        assert!(other.try_wait().unwrap().is_none(), "the other process has failed");
        thread::sleep(Duration::from_micros(u64::from(kill * 37 % 700)));
        other.kill().unwrap();
        other.wait().unwrap();

        let flows = match Allocator::open(&arena, arena.page(1)) {
            Ok(flows) => flows,
            // It was killed while it made the allocator, so there is none.
            Err(AllocError::NoAllocator { what: "the magic number", found: 0x6d76_6d6b_8000_0000.., .. }) => {
                found.none += 1;
                cells.iter().for_each(|cell| cell.flow.store(Kptr::NULL));
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let in_fields = || cells.iter().map(|cell| cell.flow.load()).filter(|kptr| !kptr.is_null());
        let recovered = match flows.recover_reachable(in_fields().map(Kptr::offset)) {
            // It was killed after it had drained the allocator.
            Err(AllocError::Closed) => {
                assert_eq!((in_fields().count(), flows.closing().unwrap().remaining()), (0, 0));
                found.closed += 1;
                continue;
            }
            recovered => recovered.unwrap(),
        };
        assert_eq!(
            (recovered.live, recovered.free),
            (in_fields().count() as u64, u64::from(CAPACITY) - recovered.live)
        );
        assert_eq!(recovered.scribbled, 0);
        found.orphans += recovered.orphans;
        found.lost += recovered.lost;
        if let Some(closing) = flows.closing() {
            found.closed += 1;
            assert!(matches!(flows.alloc(Flow::of(1)), Err(AllocError::Closed)));
            assert!(matches!(flows.clone().close(), Err(AllocError::Closed)));
            assert_eq!(closing.remaining(), recovered.live, "exact");
            assert_eq!(flows.drain_objects(cells.iter().map(|cell| &cell.flow)).unwrap(), recovered.live);
            assert!(closing.is_drained());
        } else {
            found.open += 1;
            assert_eq!(flows.drain_objects(cells.iter().map(|cell| &cell.flow)).unwrap(), recovered.live);
            let all: Vec<_> = (0..CAPACITY).map(|_| flows.alloc(Flow::of(1)).unwrap()).collect();
            assert!(matches!(flows.alloc(Flow::of(1)), Err(AllocError::OutOfSlots { .. })));
            drop(all);
        }
    }
    println!("{found:?}");
    assert!(found.open > 0 && found.closed > 0, "{found:?}");
}
