//! The allocator of an arena, without a kernel: typed objects, their owners and their ends.

use std::collections::{HashMap, HashSet};
use std::env;
use std::os::fd::AsRawFd;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread;
use std::time::Duration;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaPtr, ArenaPtrError, Kptr, Local, MapValue, Shared, Slice, Var};
use mapvalue_tests::again;
use mapvalue_tests::cpus;
use mapvalue_tests::fork;
use mapvalue_tests::pages;
use mapvalue_tests::race::{AtTheEnd, Race, duration, wait_until};

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Flow {
    packets: u64,
    bytes: u64,
}

/// A type of the same size as a `Flow`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Session {
    user: u32,
    port: u32,
    since: u64,
}

const FLOW: Flow = Flow { packets: 1, bytes: 60 };

fn small(arena: &Arena, capacity: u32) -> Allocator {
    Allocator::create(arena, Config { value_size: 16, capacity, ..Config::default() }).unwrap()
}

fn arena() -> Arena {
    Arena::memfd(256).unwrap()
}

#[test]
fn an_object_is_made_used_and_freed_when_dropped() {
    let arena = arena();
    let flows = small(&arena, 100);
    let flow = flows.alloc(FLOW).unwrap();
    flow.packets.fetch_add(1);
    assert_eq!(arena.read(flow.as_ptr()).unwrap(), Flow { packets: 2, bytes: 60 });
    assert_eq!((flows.stats().live, flows.stats().free, flows.stats().capacity), (1, 99, 100));
    let ptr = flow.as_ptr();
    assert!(matches!(flows.free(ptr), Err(AllocError::Owned { .. })), "only its `Object` frees it");
    drop(flow);
    assert_eq!(flows.stats().live, 0);
    assert!(matches!(flows.free(ptr), Err(AllocError::AlreadyFree { at }) if at == ptr.address()));
}

#[test]
fn the_owner_is_found_from_the_pointer() {
    let arena = arena();
    let first = small(&arena, 10);
    let at = ArenaPtr::from_address(arena.start() + 512 * 1024);
    let second =
        Allocator::create(&arena, Config { value_size: 16, capacity: 10, at: Some(at), ..Config::default() }).unwrap();
    let ptr = first.alloc(FLOW).unwrap().into_ptr();
    assert!(matches!(second.free(ptr), Err(AllocError::ForeignObject { at, .. }) if at == ptr.address()));
    assert_eq!(first.stats().live, 1, "it is still there");
    first.free(ptr).unwrap();

    // One of its own slots with a word that names another allocator: somebody has scribbled there.
    let ptr = first.alloc(FLOW).unwrap().into_ptr();
    let word: Var<u64> = arena.var(ArenaPtr::from_address(ptr.address() - 16)).unwrap();
    let other: Var<u64> =
        arena.var(ArenaPtr::from_address(second.alloc(FLOW).unwrap().into_ptr().address() - 16)).unwrap();
    let was = word.swap(other.load());
    assert!(matches!(first.free(ptr), Err(AllocError::Corrupt { .. })));
    word.store(was);
    first.free(ptr).unwrap();
}

#[test]
fn type_confusion_is_refused_both_ways() {
    let arena = arena();
    let objects = small(&arena, 10);
    let flow = objects.alloc(FLOW).unwrap().into_ptr();
    let session = objects.alloc(Session { user: 1, port: 2, since: 3 }).unwrap().into_ptr();
    let expected = Session::LAYOUT.type_id();
    match objects.claim(flow.cast::<Session>()) {
        Err(AllocError::WrongType { expected: e, found, .. }) => {
            assert_eq!((e, found), (expected, Flow::LAYOUT.type_id()));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(objects.free(session.cast::<Flow>()), Err(AllocError::WrongType { .. })));
    objects.free(flow).unwrap();
    assert_eq!(objects.claim(session).unwrap().user.load(), 1);
}

#[test]
fn pointers_that_lead_to_no_object_are_refused_by_reason() {
    let arena = arena();
    let flows = small(&arena, 10);
    let flow = flows.alloc(FLOW).unwrap();
    let kptr = flow.into_kptr();
    let ptr = flows.claim(kptr).unwrap().into_ptr();
    let at = |address| ArenaPtr::<Flow>::from_address(address);
    assert!(
        matches!(flows.free(at(ptr.address() + 8)), Err(AllocError::InteriorPointer { object, .. }) if object == ptr.address())
    );
    assert!(matches!(flows.free(at(ptr.address() - 8)), Err(AllocError::InteriorPointer { .. })));
    assert!(matches!(flows.free(ArenaPtr::<Flow>::NULL), Err(AllocError::Ptr(ArenaPtrError::Null { .. }))));
    assert!(matches!(flows.free(at(3 << 40)), Err(AllocError::Ptr(ArenaPtrError::Foreign { .. }))));
    assert!(matches!(flows.free(at(arena.start() + arena.len() - 16)), Err(AllocError::ForeignObject { .. })));
    assert!(matches!(flows.free(at(arena.start() + 8)), Err(AllocError::ForeignObject { .. })));
    // The next slot was never used.
    assert!(flows.free(at(ptr.address() + 32)).is_err());
    // The low half alone is a form of the same pointer.
    flows.free(at(u64::from(ptr.offset()))).unwrap();
    assert!(matches!(flows.free(ptr), Err(AllocError::AlreadyFree { .. })));

    // The slot is reused, with the next generation.
    let again = flows.alloc(FLOW).unwrap().into_ptr();
    assert_eq!(again, ptr);
    match flows.free(kptr) {
        Err(AllocError::Stale { expected, found, .. }) => assert_eq!((expected, found), (2, 3)),
        other => panic!("{other:?}"),
    }
    flows.free(again).unwrap();
}

#[test]
fn capacities_of_none_and_one_and_too_large_values() {
    let arena = arena();
    let config = |value_size, capacity| Config { value_size, capacity, ..Config::default() };
    assert!(matches!(
        Allocator::create(&arena, config(16, 0)),
        Err(AllocError::Config { field: "capacity", given: 0, .. })
    ));
    assert!(matches!(Allocator::create(&arena, config(16, u32::MAX)), Err(AllocError::Config { .. })));
    assert!(matches!(
        Allocator::create(&arena, config(1 << 21, 1)),
        Err(AllocError::Config { field: "value_size", .. })
    ));
    let odd = Config { align: 24, ..Config::default() };
    assert!(matches!(Allocator::create(&arena, odd), Err(AllocError::Config { field: "align", given: 24, .. })));
    assert!(matches!(Allocator::create(&arena, config(1 << 20, 3)), Err(AllocError::Ptr(_))), "longer than the arena");

    let one = Allocator::create(&arena, config(16, 1)).unwrap();
    for _ in 0..10 {
        let flow = one.alloc(FLOW).unwrap();
        match one.alloc(FLOW) {
            Err(AllocError::OutOfSlots { capacity: 1, value_size: 16 }) => {}
            other => panic!("{other:?}"),
        }
        drop(flow);
    }
    assert_eq!((one.stats().live, one.stats().failed), (0, 10));
    assert!(matches!(one.alloc([0u64; 3]), Err(AllocError::TooLarge { size: 24, largest: 16, .. })));
    assert_eq!(one.stats().live, 0);
}

#[derive(MapValue, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u64; 8]);

#[test]
fn values_are_aligned_to_what_was_asked_for() {
    let arena = arena();
    for align in [8, 16, 32, 64, 256] {
        let objects =
            Allocator::create(&arena, Config { value_size: 40, capacity: 20, align, ..Config::default() }).unwrap();
        let all: Vec<Object<[u64; 5]>> = (0..20).map(|_| objects.alloc([7; 5]).unwrap()).collect();
        assert!(all.iter().all(|object| object.as_ptr().address().is_multiple_of(align as u64)), "{align}");
        drop(all);
        assert!(objects.close().unwrap().is_drained());
    }
    let lines =
        Allocator::create(&arena, Config { value_size: 64, capacity: 4, align: 64, ..Config::default() }).unwrap();
    assert!(lines.alloc(Line([1; 8])).unwrap().as_ptr().address().is_multiple_of(64));
    assert!(lines.close().unwrap().is_drained());
    let flat = Allocator::create(&arena, Config { value_size: 64, capacity: 4, ..Config::default() }).unwrap();
    assert!(matches!(flat.alloc(Line([1; 8])), Err(AllocError::Misaligned { align: 64, given: 8, .. })));
    // Alignments from 1 on.
    drop((flat.alloc(1u8).unwrap(), flat.alloc(1u16).unwrap(), flat.alloc(1u32).unwrap(), flat.alloc(1u64).unwrap()));
}

#[test]
fn a_value_gets_the_smallest_slot_that_it_fits_into() {
    let arena = Arena::memfd(8192).unwrap();
    let objects = Allocator::create(&arena, Config { capacity: 100, ..Config::default() }).unwrap();
    let (a, b, c) =
        (objects.alloc(1u64).unwrap(), objects.alloc([0u8; 100]).unwrap(), objects.alloc([0u64; 1024]).unwrap());
    let live: HashMap<u32, u64> =
        objects.stats().classes.iter().filter(|c| c.live > 0).map(|c| (c.value_size, c.live)).collect();
    assert_eq!(live, HashMap::from([(16, 1), (128, 1), (8192, 1)]));
    assert!(matches!(objects.alloc([0u8; 8193]), Err(AllocError::TooLarge { largest: 8192, .. })));
    drop((a, b, c));
    assert_eq!(objects.stats().live, 0);
}

#[test]
fn an_object_outlives_the_handles_and_the_arena() {
    let arena = arena();
    let flows = small(&arena, 10);
    let flow = flows.alloc(FLOW).unwrap();
    let other = flows.alloc(FLOW).unwrap();
    drop((flows, arena));
    assert_eq!(flow.bytes.load(), 60);
    flow.bytes.store(61);
    thread::spawn(move || drop(other)).join().unwrap();
    assert_eq!(flow.bytes.load(), 61);
    drop(flow);
}

#[test]
fn the_memory_goes_with_the_last_object() {
    let arena = arena();
    let flows = small(&arena, 10);
    let flow = flows.alloc(FLOW).unwrap();
    let (place, inode) = (std::ptr::from_ref(&flow.bytes).addr(), pages::inode(arena.fd().unwrap()));
    let mapped = || pages::is_mapped(place, inode);
    assert!(mapped());
    drop((flows, arena));
    assert!(mapped(), "the object keeps it");
    drop(flow);
    assert!(!mapped(), "and nothing else");
}

#[test]
fn a_closed_allocator_takes_objects_back_and_hands_none_out() {
    let arena = arena();
    let flows = small(&arena, 100);
    let second = Allocator::open(&arena, flows.as_ptr()).unwrap();
    let kept: Vec<_> = (0..10).map(|_| flows.alloc(FLOW).unwrap()).collect();
    let handed = second.alloc(FLOW).unwrap().into_ptr();
    let closing = flows.close().unwrap();
    assert!(matches!(second.alloc(FLOW), Err(AllocError::Closed)));
    assert!(matches!(second.clone().close(), Err(AllocError::Closed)));
    assert_eq!(closing.remaining(), 11);
    drop(kept);
    assert!(!closing.is_drained());
    second.free(handed).unwrap();
    assert_eq!(closing.remaining(), 0);
    assert!(closing.is_drained());
    let (start, bytes) = closing.span();
    assert!(start.address() >= arena.start() && start.address() + bytes <= arena.start() + arena.len());
    // A new one may be made there.
    drop(small(&arena, 100).alloc(FLOW).unwrap());
}

#[test]
fn objects_are_made_on_one_cpu_and_freed_on_another_across_the_close() {
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, 20_000);
    let (send, receive) = std::sync::mpsc::channel::<Object<Flow>>();
    let made = Arc::new(AtomicU64::new(0));
    let maker = {
        let (flows, made) = (flows.clone(), made.clone());
        thread::spawn(move || {
            cpus::pin(0);
            loop {
                match flows.alloc(FLOW) {
                    Ok(flow) => {
                        made.fetch_add(1, Relaxed);
                        send.send(flow).unwrap();
                    }
                    Err(AllocError::Closed) => return,
                    Err(AllocError::OutOfSlots { .. }) => thread::yield_now(),
                    Err(error) => panic!("{error}"),
                }
            }
        })
    };
    let freer = thread::spawn(move || {
        cpus::pin(1);
        receive.into_iter().map(drop).count() as u64
    });
    let race = Race::of(duration());
    while race.goes_on(made.load(Relaxed) > 1000) && !maker.is_finished() && !freer.is_finished() {
        thread::yield_now();
    }
    let closing = flows.close().unwrap();
    maker.join().unwrap();
    let made = made.load(Relaxed);
    // After the close, the count never grows.
    let mut last = closing.remaining();
    while last > 0 {
        let now = closing.remaining();
        assert!(now <= last, "from {last} to {now}");
        last = now;
    }
    assert_eq!(freer.join().unwrap(), made);
    assert!(closing.is_drained() && made > 1000, "{made}");
}

#[derive(MapValue)]
#[repr(C)]
struct Cell {
    flow: Kptr<Flow, Local>,
}

#[test]
fn a_field_is_exchanged_and_freed_by_others_while_a_walker_walks() {
    let arena = Arena::memfd(64).unwrap();
    let flows = Arc::new(small(&arena, 1000));
    let cells: Slice<Cell> = arena.slice(ArenaPtr::from_address(arena.start() + 56 * 4096), 64).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers = [1usize, 2].map(|seed| {
            let (flows, cells, ended) = (&flows, &cells, &ended);
            scope.spawn(move || {
                for i in 0usize.. {
                    let cell = &cells[(i * 31 + seed * 7) % 64].flow;
                    let new = flows.alloc(Flow { packets: i as u64, bytes: !(i as u64) }).unwrap();
                    let old = cell.replace(new.into_kptr());
                    if !old.is_null() {
                        flows.free(old).unwrap();
                    }
                    if ended.load(Relaxed) {
                        break;
                    }
                }
            })
        });
        // The walker takes each object before it reads it, so it reads nothing that others free. It
        // ends the writers, not they it: a machine may run them for long between two of its steps.
        let _ended = AtTheEnd(|| ended.store(true, Relaxed));
        let mut seen = 0;
        for cell in cells.iter().cycle() {
            let kptr = cell.flow.take();
            if !kptr.is_null() {
                let flow = flows.claim(kptr).unwrap();
                assert_eq!(flow.packets.load(), !flow.bytes.load());
                seen += 1;
            }
            if seen == 20_000 || writers.iter().any(thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        assert_eq!(seen, 20_000);
    });
    let left = flows.stats().live;
    assert_eq!(flows.drain_objects(cells.iter().map(|cell| &cell.flow)).unwrap(), left);
    assert_eq!(flows.stats().live, 0);
    assert!(cells.iter().all(|cell| cell.flow.is_null()));
}

#[test]
fn a_generation_wraps_around() {
    let arena = arena();
    let flows = small(&arena, 1);
    let ptr = flows.alloc(FLOW).unwrap().into_ptr();
    flows.free(ptr).unwrap();
    let word: Var<u64> = arena.var(ArenaPtr::from_address(ptr.address() - 16)).unwrap();
    word.fetch_or(u64::from(u32::MAX) << 32);
    let first = flows.alloc(FLOW).unwrap().into_kptr();
    assert_eq!(first.generation(), 0);
    flows.free(first).unwrap();
    let second = flows.alloc(FLOW).unwrap().into_kptr();
    assert_eq!(second.generation(), 1);
    assert!(matches!(flows.free(first), Err(AllocError::Stale { expected: 0, found: 1, .. })));
    flows.free(second).unwrap();
}

#[test]
fn a_slot_that_scribbling_put_into_two_lists_is_handed_out_once() {
    let arena = arena();
    let flows = small(&arena, 4);
    let all: Vec<_> = (0..4).map(|_| flows.alloc(FLOW).unwrap()).collect();
    let mut ptrs: Vec<_> = all.iter().map(Object::as_ptr).collect();
    drop(all);
    ptrs.sort_by_key(|ptr| ptr.address());
    // The list is 4, 3, 2, 1. Link the last to the first: a circle.
    let next = |ptr: ArenaPtr<Flow>| arena.var::<u32>(ArenaPtr::from_address(ptr.address() - 4)).unwrap();
    next(ptrs[0]).store(4);
    let mut held = HashSet::new();
    let mut objects = Vec::new();
    for _ in 0..20 {
        match flows.alloc(FLOW) {
            Ok(object) => {
                assert!(held.insert(object.as_ptr().address()), "handed out twice");
                objects.push(object);
            }
            Err(AllocError::Corrupt { .. } | AllocError::OutOfSlots { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(held.len(), 4);
    drop(objects);
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.free), (0, 4));
    // A link to nowhere.
    let object = flows.alloc(FLOW).unwrap();
    let ptr = object.as_ptr();
    drop(object);
    next(ptr).store(1_000_000);
    let mut errors = 0;
    let objects: Vec<_> = (0..8).filter_map(|_| flows.alloc(FLOW).map_err(|_| errors += 1).ok()).collect();
    assert!(errors > 0 && objects.len() < 8);
    drop(objects);
    assert_eq!(flows.recover().unwrap().free, 4);
    let all: Vec<_> = (0..4).map(|_| flows.alloc(FLOW).unwrap()).collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn recovery_needs_that_this_process_has_no_objects_and_keeps_what_was_handed_over() {
    let arena = arena();
    let flows = small(&arena, 10);
    let kept = flows.alloc(FLOW).unwrap();
    assert!(matches!(flows.recover(), Err(AllocError::InUse { objects: 1 })));
    let ptr = kept.into_ptr();
    // As if a process had died with an object: nothing in this process counts it.
    std::mem::forget(Allocator::open(&arena, flows.as_ptr()).unwrap().alloc(FLOW).unwrap());
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.free, recovered.orphans, recovered.lost), (1, 9, 1, 0));
    assert_eq!(flows.stats().live, 1);
    flows.free(ptr).unwrap();
    assert_eq!(flows.recover().unwrap().free, 10);
}

#[test]
fn what_is_no_allocator_is_not_opened() {
    let arena = arena();
    let at = ArenaPtr::from_address(arena.start() + 8192);
    assert!(matches!(Allocator::open(&arena, at), Err(AllocError::NoAllocator { what: "the magic number", .. })));
    let flows = small(&arena, 10);
    let header = flows.as_ptr().address();
    // Sets every word of the header to nonsense: the result is an error, or an allocator that stays
    // inside the arena.
    let first_class = 64;
    for offset in (8..first_class + 64).step_by(4) {
        for scribble in [0, 1, 3, 0x7fff_ffff, u32::MAX] {
            let word: Var<u32> = arena.var(ArenaPtr::from_address(header + offset)).unwrap();
            let was = word.swap(scribble);
            if let Ok(opened) = Allocator::open(&arena, flows.as_ptr()) {
                for _ in 0..20 {
                    let _ = opened.alloc(FLOW).map(Object::into_ptr);
                }
                let _ = (opened.stats(), opened.recover());
            }
            word.store(was);
        }
    }
}

#[test]
fn a_million_steps_are_those_of_a_model() {
    let arena = Arena::memfd(256).unwrap();
    let flows = small(&arena, 5000);
    let mut held: Vec<(Object<Flow>, u64)> = Vec::new();
    let mut shared: Vec<(Kptr<Flow, Local>, u64)> = Vec::new();
    let mut freed: Vec<Kptr<Flow, Local>> = Vec::new();
    let mut random = 1u64;
    let mut next = move |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below.max(1)
    };
    let steps: u32 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };
    for step in 0..steps {
        let number = u64::from(step);
        match next(7) {
            0 | 1 => match flows.alloc(Flow { packets: number, bytes: 0 }) {
                Ok(object) => held.push((object, number)),
                Err(AllocError::OutOfSlots { .. }) => assert_eq!(held.len() + shared.len(), 5000),
                Err(error) => panic!("{error}"),
            },
            2 if !held.is_empty() => {
                let (object, number) = held.swap_remove(next(held.len()));
                assert_eq!(object.packets.load(), number);
            }
            3 if !held.is_empty() => {
                let (object, number) = held.swap_remove(next(held.len()));
                shared.push((object.into_kptr(), number));
            }
            4 if !shared.is_empty() => {
                let (kptr, number) = shared.swap_remove(next(shared.len()));
                held.push((flows.claim(kptr).unwrap(), number));
            }
            5 if !shared.is_empty() => {
                let (kptr, _) = shared.swap_remove(next(shared.len()));
                flows.free(kptr).unwrap();
                freed.push(kptr);
            }
            _ if !freed.is_empty() => {
                let kptr = freed.swap_remove(next(freed.len()));
                assert!(matches!(
                    flows.free(kptr),
                    Err(AllocError::AlreadyFree { .. } | AllocError::Stale { .. } | AllocError::Owned { .. })
                ));
            }
            _ => {}
        }
        if step.is_multiple_of(10_000) {
            let stats = flows.stats();
            assert_eq!(stats.live, (held.len() + shared.len()) as u64);
            assert_eq!(stats.live + stats.free, 5000);
            let places: HashSet<u64> = held
                .iter()
                .map(|(object, _)| object.as_ptr().address() & 0xffff_ffff)
                .chain(shared.iter().map(|(kptr, _)| kptr.offset().into()))
                .collect();
            assert_eq!(places.len(), held.len() + shared.len(), "no slot has two objects");
        }
    }
    drop(held);
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.lost, recovered.orphans), (shared.len() as u64, 0, 0));
    for (kptr, number) in shared {
        assert_eq!(flows.claim(kptr).unwrap().packets.load(), number);
    }
    assert_eq!(flows.stats().live, 0);
}

/// The environment variable that gives `the_other_process` the place of the arena.
const OTHER: &str = "MAPVALUE_TEST_ALLOC_PROCESS";

/// Starts this program again, to run only `the_other_process`.
fn start_other(arena: &Arena) -> Child {
    let fd = arena.fd().unwrap().as_raw_fd();
    let mut command = again(the_other_process);
    command.env(OTHER, format!("/proc/{}/fd/{fd}", process::id())).stdout(Stdio::null());
    command.spawn().unwrap()
}

/// Fields for objects, in the last page of the arena.
fn cells(arena: &Arena) -> Slice<Cell> {
    arena.slice(arena.page(arena.page_count() - 1), 64).unwrap()
}

/// Counts the turns of the other process.
fn turns(arena: &Arena) -> Var<u64> {
    arena.var(arena.at(arena.len() - 8)).unwrap()
}

#[test]
#[ignore = "it is the second process of the test below"]
fn the_other_process() {
    let Ok(path) = env::var(OTHER) else { return };
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let arena = Arena::from_memfd(&file).unwrap();
    let flows = Allocator::open(&arena, arena.page(1)).unwrap();
    let (cells, turns) = (cells(&arena), turns(&arena));
    let work = |seed: usize| {
        // So that it ends if the first process dies.
        let race = Race::of(Duration::ZERO);
        let mut held = Vec::new();
        for i in (seed..).step_by(7) {
            turns.fetch_add(1);
            match flows.alloc(Flow { packets: i as u64, bytes: !(i as u64) }) {
                Ok(flow) if i % 3 == 0 => held.push(flow),
                Ok(flow) => {
                    let old = cells[i % 64].flow.replace(flow.into_kptr());
                    if !old.is_null() {
                        flows.free(old).unwrap();
                    }
                }
                Err(AllocError::OutOfSlots { .. }) => held.clear(),
                Err(error) => panic!("{error}"),
            }
            if held.len() > 100 {
                held.clear();
            }
            if i % 64 == 0 && !race.goes_on(false) {
                return;
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| work(1));
        work(2);
    });
}

/// `MAPVALUE_KILLS` sets the number of kills: 1000 for a thorough test.
#[test]
fn a_process_that_is_killed_leaves_all_but_what_it_had_in_hand_accounted_for() {
    let kills: u32 = env::var("MAPVALUE_KILLS").map_or(25, |given| given.parse().unwrap());
    // With a capacity at which threads keep free slots, and with one at which they do not.
    let mut found = [0; 2];
    for (which, capacity) in [60_000u32, 500].into_iter().enumerate() {
        let arena = Arena::memfd(1024).unwrap();
        let flows = small(&arena, capacity);
        let cells = cells(&arena);
        for kill in 0..kills {
            let before = turns(&arena).load();
            let mut other = start_other(&arena);
            let turns = turns(&arena);
            wait_until("it to do something", || turns.load() >= before + 200);
            thread::sleep(Duration::from_micros(u64::from(kill * 37 % 500)));
            other.kill().unwrap();
            other.wait().unwrap();
            let held: Vec<_> = cells.iter().map(|cell| cell.flow.load()).filter(|kptr| !kptr.is_null()).collect();
            // Objects handed over but in no field were in a thread's hands: at most one for each
            // thread.
            let known = flows.recover().unwrap();
            assert!((0..=2).contains(&(known.live - held.len() as u64)), "{known:?}, {} in fields", held.len());
            assert_eq!(known.live + known.free, u64::from(capacity), "{known:?}");
            assert_eq!(known.scribbled, 0, "{known:?}");
            // Lost slots were on their way from or to a list. A thread moves them one at a time,
            // also when it shares half a magazine.
            assert!(known.lost <= 4, "{known:?}");
            found[which] += known.lost + known.orphans + known.live - held.len() as u64;
            let recovered = flows.recover_reachable(held.iter().map(|kptr| kptr.offset())).unwrap();
            assert_eq!((recovered.live, recovered.lost), (held.len() as u64, 0));
            // Everything is in order: the objects in the fields can be claimed, and all other slots
            // handed out.
            for kptr in &held {
                let flow = flows.claim(*kptr).unwrap();
                assert_eq!(flow.packets.load(), !flow.bytes.load());
                assert_eq!(flow.into_kptr(), *kptr);
            }
            if kill % 5 == 0 {
                let rest: Vec<_> = (held.len()..capacity as usize).map(|_| flows.alloc(FLOW).unwrap()).collect();
                assert!(matches!(flows.alloc(FLOW), Err(AllocError::OutOfSlots { .. })));
                drop(rest);
            }
        }
    }
    println!("{found:?} objects and slots were found in {kills} kills each");
    assert!(found.iter().all(|found| *found > 0));
}

#[test]
fn an_object_whose_word_was_made_free_finds_out_when_it_is_dropped() {
    let arena = arena();
    let flows = small(&arena, 4);
    let first = flows.alloc(FLOW).unwrap();
    let word: Var<u64> = arena.var(ArenaPtr::from_address(first.as_ptr().address() - 16)).unwrap();
    word.fetch_and(!3);
    let failed = flows.stats().failed;
    drop(first);
    assert_eq!(flows.stats().failed, failed + 1, "nothing is freed, and it is known");
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.free, recovered.lost), (0, 4, 1));
}

/// A capacity at which threads keep slots.
const MANY: u32 = 60_000;

#[test]
fn a_forked_child_shares_no_slot_that_its_parent_keeps() {
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, MANY);
    drop(flows.alloc(FLOW).unwrap());
    let theirs: Slice<u64> = arena.slice(arena.page(arena.page_count() - 1), 100).unwrap();
    let child = || {
        for place in theirs.iter() {
            // The child frees an object first, so that it keeps a slot of its own.
            let flow = flows.alloc(FLOW).and_then(|first| {
                drop(first);
                flows.alloc(FLOW)
            });
            match flow {
                Ok(flow) => place.store(flow.into_ptr().address()),
                Err(_) => return 1,
            }
        }
        42
    };
    assert_eq!(fork(child), 42);
    let ours: HashSet<u64> = (0..100).map(|_| flows.alloc(FLOW).unwrap().into_ptr().address()).collect();
    let theirs: HashSet<u64> = theirs.iter().map(Shared::load).collect();
    assert_eq!((ours.len(), theirs.len()), (100, 100));
    assert!(ours.is_disjoint(&theirs), "a slot was handed out to both");
    let recovered = flows.recover().unwrap();
    assert_eq!((recovered.live, recovered.lost, recovered.orphans, recovered.scribbled), (200, 0, 0, 0));
}

#[test]
fn a_shard_whose_owner_was_written_over_is_not_given_to_a_second_thread() {
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, MANY);
    // The shards, of 128 bytes each, follow the header's first words and the 16 classes. Each
    // begins with its owner.
    let owners = [0, 1].map(|shard| {
        let at = flows.as_ptr().address() + 64 + 16 * 64 + 64 + 128 * shard;
        arena.var::<u64>(ArenaPtr::from_address(at)).unwrap()
    });
    drop(flows.alloc(FLOW).unwrap());
    assert!(owners[0].load() != 0 && owners[1].load() == 0, "this is where they are");
    owners[0].store(0);
    // With handles of its own: ThreadSanitizer does not see that a scope waits for its threads.
    let other = thread::spawn({
        let (flows, owners) = (flows.clone(), owners.clone());
        move || {
            drop(flows.alloc(FLOW).unwrap());
            assert_eq!(owners[0].load(), 0, "the first thread still has it");
            assert_ne!(owners[1].load(), 0);
        }
    });
    other.join().unwrap();
}

#[test]
fn what_a_thread_kept_is_there_for_others_when_it_has_ended() {
    let arena = Arena::memfd(64).unwrap();
    let flows = small(&arena, 4096);
    // Made here and dropped there, and the other way round.
    let made: Vec<_> = (0..1000).map(|_| flows.alloc(FLOW).unwrap()).collect();
    let back = thread::scope(|scope| {
        let other = scope.spawn(|| {
            drop(made);
            let mut back: Vec<_> = (0..1002).map(|_| flows.alloc(FLOW).unwrap()).collect();
            // Frees two, which the thread keeps when it ends.
            back.truncate(1000);
            back
        });
        other.join().unwrap()
    });
    assert_eq!(flows.stats().live, 1000);
    drop(back);
    assert_eq!(flows.stats().live, 0);
    let all: Vec<_> = (0..4096).map(|_| flows.alloc(FLOW).unwrap()).collect();
    assert!(matches!(flows.alloc(FLOW), Err(AllocError::OutOfSlots { .. })));
    drop(all);
    assert_eq!(flows.recover().unwrap().lost, 0);
}

#[test]
fn a_thread_goes_from_one_allocator_to_another_and_keeps_what_is_each_ones() {
    let arena = Arena::memfd(2048).unwrap();
    let first = small(&arena, MANY);
    let at = ArenaPtr::from_address(arena.start() + arena.len() / 2);
    let second = Config { value_size: 16, capacity: MANY, at: Some(at), ..Config::default() };
    let second = Allocator::create(&arena, second).unwrap();
    // A second handle to it, as another process would have.
    let again = Allocator::open(&arena, at).unwrap();
    for _ in 0..1000 {
        let (a, b, c) = (first.alloc(FLOW).unwrap(), second.alloc(FLOW).unwrap(), again.alloc(FLOW).unwrap());
        assert!(a.as_ptr().address() < at.address());
        assert!(b.as_ptr().address() > at.address() && c.as_ptr().address() > at.address() && b.as_ptr() != c.as_ptr());
    }
    assert_eq!((first.stats().live, first.stats().failed), (0, 0));
    drop(again);
    assert_eq!((second.stats().live, second.stats().failed), (0, 0));
    assert_eq!(second.recover().unwrap().lost, 0);
    drop((first.alloc(FLOW).unwrap(), second.alloc(FLOW).unwrap()));
}

/// A thread that keeps free slots of the allocator until `ended` is set.
fn keep_slots(flows: &Allocator, ended: &Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let flows = Allocator::clone(flows);
    let (kept, ended) = (Arc::new(AtomicBool::new(false)), ended.clone());
    let keeps = thread::spawn({
        let kept = kept.clone();
        move || {
            drop([(); 10].map(|()| flows.alloc(FLOW).unwrap()));
            kept.store(true, Relaxed);
            wait_until("the thread may end", || ended.load(Relaxed));
        }
    });
    wait_until("the thread keeps slots", || kept.load(Relaxed) || keeps.is_finished());
    keeps
}

#[test]
fn what_threads_kept_of_a_drained_allocator_is_not_given_to_the_next_in_its_place() {
    let arena = arena();
    let first = small(&arena, 4096);
    let other = Allocator::open(&arena, first.as_ptr()).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let threads = [&first, &other].map(|flows| keep_slots(flows, &ended));
    drop([&first, &other].map(|flows| flows.alloc(FLOW).unwrap()));
    let closing = first.close().unwrap();
    assert!(closing.is_drained());

    let second = small(&arena, 4096);
    let before = second.alloc(FLOW).unwrap();
    assert!(matches!(other.alloc(FLOW), Err(AllocError::Closed)), "it is closed, whatever is there now");
    assert!(other.closing().is_none(), "and the one that is there is not");
    ended.store(true, Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    drop((closing, other));

    let all: Vec<_> = (1..4096).map(|_| second.alloc(FLOW).unwrap()).chain([before]).collect();
    let places: HashSet<u64> = all.iter().map(|flow| flow.as_ptr().address()).collect();
    assert_eq!(places.len(), 4096, "a slot was handed out twice");
    drop(all);
    assert_eq!((second.stats().live, second.stats().failed), (0, 0));
}

#[test]
fn the_place_of_a_drained_allocator_is_not_written_to_any_more() {
    // Overwrites all of it, or all but the line that says that it is drained.
    for kept in [0, 8] {
        let arena = arena();
        let flows = small(&arena, 4096);
        let other = Allocator::open(&arena, flows.as_ptr()).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let threads = [&flows, &other].map(|flows| keep_slots(flows, &ended));
        drop([&flows, &other].map(|flows| flows.alloc(FLOW).unwrap()));
        let closing = flows.close().unwrap();
        assert!(closing.is_drained());

        let (start, bytes) = closing.span();
        let words: Slice<u64> = arena.slice(start.cast(), usize::try_from(bytes / 8).unwrap()).unwrap();
        words.iter().skip(kept).for_each(|word| word.store(7));
        for _ in 0..100 {
            assert!(matches!(other.alloc(FLOW), Err(AllocError::Closed)));
        }
        ended.store(true, Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
        drop((closing, other));
        assert!(words.iter().skip(kept).all(|word| word.load() == 7), "from word {kept} on");
    }
}

#[test]
fn who_recovers_an_allocator_leaves_it_to_others_that_keep_slots() {
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, MANY);
    // A second handle, as another process would have. It keeps slots of two kinds: some with
    // objects of the recovering handle between them, and new ones on top.
    let other = Allocator::open(&arena, flows.as_ptr()).unwrap();
    drop([(); 200].map(|()| other.alloc(FLOW).unwrap()));
    let handed_over = other.alloc(FLOW).unwrap().into_kptr();
    assert_eq!(flows.recover().unwrap().lost, 0);
    other.free(handed_over).unwrap();
    let mut all: Vec<_> = (0..500).map(|_| other.alloc(FLOW).unwrap()).collect();
    all.extend((0..500).map(|_| flows.alloc(FLOW).unwrap()));
    let places: HashSet<u64> = all.iter().map(|flow| flow.as_ptr().address()).collect();
    assert_eq!(places.len(), 1000, "a slot was handed out twice");
    drop(all);

    // The slots that it gives back are accounted for too.
    assert_eq!(flows.recover().unwrap().lost, 0);
    drop(other);
    assert_eq!((flows.stats().live, flows.stats().failed), (0, 0));
    let all: Vec<_> = (0..MANY).map(|_| flows.alloc(FLOW).unwrap()).collect();
    let places: HashSet<u64> = all.iter().map(|flow| flow.as_ptr().address()).collect();
    assert_eq!(places.len(), MANY as usize);
}

#[test]
fn who_kept_slots_of_a_drained_allocator_takes_none_that_threads_keep_of_the_next() {
    for last in 0..4 {
        let arena = arena();
        let first = small(&arena, 4096);
        let other = Allocator::open(&arena, first.as_ptr()).unwrap();
        // In turn, each of the first four slots is the next that it would hand out.
        let mut all: Vec<_> = (0..4).map(|_| other.alloc(FLOW).unwrap()).collect();
        all.sort_by_key(|flow| flow.as_ptr().address());
        let last = all.remove(last);
        drop(all);
        drop(last);
        assert!(first.close().unwrap().is_drained());

        let second = small(&arena, 4096);
        let one = second.alloc(FLOW).unwrap();
        assert!(matches!(other.alloc(FLOW), Err(AllocError::Closed)));
        let all: Vec<_> = (1..4096).map(|_| second.alloc(FLOW).unwrap()).chain([one]).collect();
        drop(all);
        assert_eq!((second.stats().live, second.stats().failed), (0, 0));
    }
}

/// The word that says which state an allocator is in: it follows the magic number and two words.
fn state(arena: &Arena, flows: &Allocator) -> Var<u32> {
    arena.var(ArenaPtr::from_address(flows.as_ptr().address() + 16)).unwrap()
}

#[test]
fn a_closed_allocator_stays_closed_though_a_process_dies_that_recovers_it() {
    const OBJECTS: u64 = 50_000;
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, MANY);
    let other = Allocator::open(&arena, flows.as_ptr()).unwrap();
    (0..OBJECTS).for_each(|_| _ = flows.alloc(FLOW).unwrap().into_kptr());
    let closing = flows.close().unwrap();
    let state = state(&arena, &other);
    let closed = state.load();
    while state.load() == closed {
        // SAFETY: the child only recovers the allocator, and ends by a signal.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: it only sets a timer.
            unsafe { libc::alarm(60) };
            loop {
                let _ = other.recover();
            }
        }
        wait_until("the child to recover it", || state.load() != closed);
        // SAFETY: it is a child of this process, which nobody has waited for.
        assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
        // SAFETY: the status is not asked for.
        assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
    }
    assert!(matches!(other.alloc(FLOW), Err(AllocError::Recovering)));
    assert_eq!(other.recover().unwrap().live, OBJECTS);
    assert!(matches!(other.alloc(FLOW), Err(AllocError::Closed)));
    assert_eq!(closing.remaining(), OBJECTS);
}

#[test]
fn an_allocator_whose_closed_state_was_overwritten_is_closed_again() {
    let arena = arena();
    let flows = small(&arena, 100);
    let other = Allocator::open(&arena, flows.as_ptr()).unwrap();
    let closing = flows.close().unwrap();
    state(&arena, &other).store(7);
    other.recover().unwrap(); // nothing says any more that it was closed
    let flow = other.alloc(FLOW).unwrap();
    assert_eq!(closing.remaining(), 1);
    assert!(matches!(other.alloc(FLOW), Err(AllocError::Closed)));
    drop(flow);
    assert!(closing.is_drained());
    assert!(matches!(other.recover(), Err(AllocError::Closed)));
}
