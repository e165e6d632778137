//! BPF programs and processes use one allocator as fast as they can. If all keep the rules, nothing
//! is lost; if some break them, the only result is errors.
//!
//! `MAPVALUE_RACE_MS` sets for how long (`60000` for a minute).

use std::collections::HashSet;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaFlags, DataSection, MapValue, Slice, Storable, Var};
use mapvalue_tests::again;
use mapvalue_tests::kernel::{self, Libbpf, Loader, objects};
use mapvalue_tests::race::{PATIENCE, duration, wait_until};
use mapvalue_tests::scribble::{CELLS, Cell, FAILED, Flow, Random, Users, cells};

const PAGES: u64 = 256;

/// The programs of `alloc_chaos.bpf.c`, which have been told the addresses that they use.
struct Programs {
    loaded: Libbpf,
    globals: DataSection,
}

impl Programs {
    fn load(arena: &Arena, flows: &Allocator) -> Self {
        let fd = arena.fd().unwrap();
        let loaded = Libbpf::load_with(objects::ALLOC_CHAOS, "arena", |mut map| map.reuse_fd(fd).unwrap());
        let globals = DataSection::from_map(loaded.map(".bss")).unwrap();
        let programs = Self { loaded, globals };
        programs.set("alloc_address", flows.as_ptr().address());
        programs.set("cells_address", arena.ptr_of(&cells(arena)[0]).unwrap().address());
        programs.set("flow_type_id", Flow::LAYOUT.type_id());
        programs
    }

    fn set<T: Storable>(&self, name: &str, value: T) {
        self.globals.var::<T>(name).unwrap().store(value);
    }

    fn count(&self, name: &str) -> u64 {
        self.globals.var::<u64>(name).unwrap().load()
    }
}

/// Threads use the allocator and one program scribbles over it, while another churns on one CPU.
fn run_and_scribble(not: u32, recovers: bool, churns: bool) {
    for capacity in [5000, 500] {
        let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
        let users = Users::new(&arena, capacity);
        let programs = Programs::load(&arena, &users.flows);
        programs.set("scribble_address", users.flows.as_ptr().address());
        programs.set("scribble_words", users.words());
        programs.set("scribble_not", not);
        users.run(duration() / 4, recovers, |times| {
            programs.set("scribble_times", times);
            if churns {
                assert_eq!(programs.loaded.run_repeatedly("churn", 100), 0);
            }
            assert_eq!(programs.loaded.run("scribble"), 0);
            if churns {
                assert_eq!(programs.loaded.run_repeatedly("churn", 100), 0);
            }
        });
        println!(
            "{} words were written over; the programs made {} and failed to make {}, freed {} and were refused {}",
            programs.count("scribbled"),
            programs.count("made"),
            programs.count("failed"),
            programs.count("freed"),
            programs.count("refused")
        );
        assert!(programs.count("scribbled") > 0);
        // The allocator works again for programs, too.
        let (made, failed) = (programs.count("made"), programs.count("failed"));
        assert_eq!(programs.loaded.run_repeatedly("churn", 1000), 0);
        assert!(programs.count("made") > made);
        assert_eq!(programs.count("failed"), failed);
        assert_each_slot_is_in_one_place(&users.flows, &cells(&arena), capacity);
    }
}

/// Asserts that each slot is in one list, or holds an object that one field refers to. Nothing may
/// be running, and nobody may hold an `Object`.
fn assert_each_slot_is_in_one_place(flows: &Allocator, cells: &Slice<Cell>, capacity: u32) {
    let in_fields: Vec<_> = cells.iter().map(|cell| cell.flow.load()).filter(|kptr| !kptr.is_null()).collect();
    let (live, capacity) = (in_fields.len() as u64, u64::from(capacity));
    let stats = flows.stats();
    assert_eq!((stats.live, stats.free), (live, capacity - live), "by the counts");
    // `recover` looks at each slot: every slot is in some list or field.
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.free), (live, capacity - live), "{recovered:?}");
    assert_eq!((recovered.lost, recovered.orphans, recovered.scribbled), (0, 0, 0), "{recovered:?}");
    // No slot is in two places.
    let mut places: HashSet<u64> = in_fields.iter().map(|kptr| kptr.offset().into()).collect();
    let rest: Vec<_> = (live..capacity).map(|_| flows.alloc(Flow::of(1)).unwrap()).collect();
    places.extend(rest.iter().map(|flow| flow.as_ptr().address() & 0xffff_ffff));
    assert_eq!(places.len() as u64, capacity);
    assert!(matches!(flows.alloc(Flow::of(1)), Err(AllocError::OutOfSlots { .. })));
    drop(rest);
    assert_eq!(flows.drain_objects(cells.iter().map(|cell| &cell.flow)).unwrap(), live);
    assert_eq!(flows.stats().live, 0);
}

#[test]
fn of_two_objects_in_one_slot_one_is_told_whatever_a_program_writes() {
    kernel::require!(ARENA);
    run_and_scribble(FAILED, false, false);
}

#[test]
fn nothing_but_errors_comes_of_a_program_that_scribbles_while_others_use_and_recover() {
    kernel::require!(ARENA);
    run_and_scribble(u32::MAX, true, true);
}

/// If this variable is set, the test is the second process and finds the arena at its standard
/// input.
const OTHER: &str = "MAPVALUE_TEST_ALLOC_OTHER";
const CAPACITY: u32 = 20_000;

/// The words that the processes exchange. They follow the fields.
#[derive(MapValue)]
#[repr(C)]
struct Told {
    /// 1 tells the other process to end.
    end: u32,
    started: u32,
    /// How many objects the other process has made.
    made: u64,
    freed: u64,
}

fn told(arena: &Arena) -> Var<Told> {
    arena.var(arena.at(arena.len() - 64)).unwrap()
}

/// Uses the allocator by the rules, as one thread of a process, and returns how many objects it
/// made and how many it freed. It makes objects, exchanges them for those in the fields, and frees
/// or claims what it gets. In the end it holds none.
fn use_by_the_rules(flows: &Allocator, cells: &Slice<Cell>, mut random: Random, done: impl Fn() -> bool) -> [u64; 2] {
    let (mut held, mut made, mut freed) = (Vec::new(), 0, 0);
    for turn in 0.. {
        if turn >= 1000 && done() {
            break;
        }
        let cell = &cells[usize::try_from(random.below(CELLS as u64)).unwrap()].flow;
        let taken = match random.below(4) {
            0 => cell.take(),
            1 if !held.is_empty() => {
                let flow: Object<Flow> = held.swap_remove(0);
                cell.replace(flow.into_kptr())
            }
            _ => {
                match flows.alloc(Flow::of(random.0)) {
                    Ok(flow) => {
                        made += 1;
                        held.push(flow);
                    }
                    Err(AllocError::OutOfSlots { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                continue;
            }
        };
        if !taken.is_null() && random.below(2) == 0 {
            flows.free(taken).expect("what was taken is nobody else's");
            freed += 1;
        } else if !taken.is_null() {
            let flow = flows.claim(taken).expect("what was taken is nobody else's");
            assert_eq!(flow.packets.load(), !flow.bytes.load(), "and whole");
            held.push(flow);
        }
        while held.len() > 100 {
            freed += 1;
            held.pop();
        }
    }
    freed += held.len() as u64;
    [made, freed]
}

#[test]
#[ignore = "it is the second process of the test below"]
fn the_other_process() {
    if env::var_os(OTHER).is_none() {
        return;
    }
    let arena = Arena::from_map(io::stdin().as_fd()).unwrap();
    let flows = Allocator::open(&arena, arena.page(1)).unwrap();
    let (cells, told) = (cells(&arena), told(&arena));
    // A deadline, in case the first process dies.
    let deadline = Instant::now() + duration() + PATIENCE;
    let end = || told.end.load() == 1 || Instant::now() > deadline;
    told.started.store(1);
    thread::scope(|scope| {
        let other = scope.spawn(|| use_by_the_rules(&flows, &cells, Random(3), end));
        let mine = use_by_the_rules(&flows, &cells, Random(4), end);
        let theirs = other.join().unwrap();
        told.made.store(mine[0] + theirs[0]);
        told.freed.store(mine[1] + theirs[1]);
    });
}

fn start_other(arena: &Arena) -> Child {
    again(the_other_process)
        .env(OTHER, "1")
        .stdin(Stdio::from(arena.fd().unwrap().try_clone_to_owned().unwrap()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn two_processes_and_a_program_exchange_objects_and_each_slot_is_in_one_place_in_the_end() {
    kernel::require!(ARENA);
    let arena = Arena::create(PAGES, ArenaFlags::default()).unwrap();
    let config = Config { value_size: size_of::<Flow>(), capacity: CAPACITY, ..Config::default() };
    let flows = Allocator::create(&arena, config).unwrap();
    assert_eq!(flows.as_ptr(), arena.page(1));
    let (cells, told, programs) = (cells(&arena), told(&arena), Programs::load(&arena, &flows));
    let mut other = start_other(&arena);
    wait_until("the other process", || told.started.load() == 1 || other.try_wait().unwrap().is_some());
    let done = AtomicBool::new(false);
    let (flows, cells) = (&flows, &cells);
    let [made, freed] = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                programs.loaded.run_repeatedly("churn", 1000);
            }
        });
        let deadline = Instant::now() + duration();
        // In a thread of its own, so that the program also ends if this panics.
        let result =
            scope.spawn(move || use_by_the_rules(flows, cells, Random(5), || Instant::now() > deadline)).join();
        done.store(true, Relaxed);
        result.unwrap()
    });
    told.end.store(1);
    assert!(other.wait().unwrap().success(), "the other process has failed");
    let program = ["made", "freed", "failed", "refused", "broken"].map(|name| programs.count(name));
    println!(
        "{made} made here, {} by the other process, {} by the program; {freed}, {} and {} freed",
        told.made.load(),
        program[0],
        told.freed.load(),
        program[1]
    );
    assert_eq!(program[2..], [0, 0, 0], "failed, refused, broken");
    assert!(made > 0 && told.made.load() > 0 && program[0] > 0);
    let left = cells.iter().filter(|cell| !cell.flow.is_null()).count() as u64;
    assert_eq!(made + told.made.load() + program[0], freed + told.freed.load() + program[1] + left);
    assert_each_slot_is_in_one_place(flows, cells, CAPACITY);
}
