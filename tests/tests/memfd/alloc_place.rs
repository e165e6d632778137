//! Where an allocator may be made, what is reported when its place belongs to another, and how much
//! its threads keep.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Instant;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaPtr, MapValue, Mirror, Slice, Var};
use mapvalue_tests::race::{Race, duration, wait_until};

/// Offsets in an allocator: see `layout`, or `mapvalue/alloc.bpf.h`.
const STATE: u64 = 16;
const FRESH: u64 = 64 + 8;
const LISTED: u64 = 64 + 12;
const SHARDS: u64 = 1152;

fn config(value_size: usize, capacity: u32) -> Config {
    Config { value_size, capacity, ..Config::default() }
}

fn word<T: MapValue>(arena: &Arena, objects: &Allocator, offset: u64) -> Var<T> {
    arena.var(ArenaPtr::from_address(objects.as_ptr().address() + offset)).unwrap()
}

/// The number of slots that threads keep, while there are no objects.
fn kept(arena: &Arena, objects: &Allocator) -> u32 {
    word::<u32>(arena, objects, FRESH).load() - word::<u32>(arena, objects, LISTED).load()
}

fn owned_shards(arena: &Arena, objects: &Allocator) -> usize {
    (0..64).filter(|shard| word::<u64>(arena, objects, SHARDS + 128 * shard).load() != 0).count()
}

#[test]
fn an_allocator_is_not_made_over_one_that_is_alive() {
    let arena = Arena::memfd(64).unwrap();
    let first = Allocator::create(&arena, config(8, 1000)).unwrap();
    let one = first.alloc(7u64).unwrap().into_ptr();
    let start = first.as_ptr().address();
    let end = start + config(8, 1000).bytes().unwrap();
    let is_occupied = |at: u64| {
        let at = Some(ArenaPtr::from_address(at));
        let made = Allocator::create(&arena, Config { at, ..config(8, 1000) });
        match made {
            Err(AllocError::Occupied { start: s, end: e }) => assert_eq!((s, e), (start, end)),
            other => panic!("{other:?}"),
        }
    };
    is_occupied(start);
    is_occupied(start + 64);
    is_occupied(start - 64);
    // When this process no longer has a handle, the header still says so.
    drop(first);
    is_occupied(start);
    let again = Allocator::open(&arena, ArenaPtr::from_address(start)).unwrap();
    again.free(one).unwrap();
    let closing = again.close().unwrap();
    is_occupied(start);
    assert!(closing.is_drained());
    Allocator::create(&arena, config(8, 100)).unwrap();
}

/// Both handles keep free slots for this thread, and one of them has not been told.
#[test]
fn who_asks_a_drained_allocator_for_objects_changes_nothing_in_its_place() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 1000)).unwrap();
    let other = Allocator::open(&arena, objects.as_ptr()).unwrap();
    let ask = || [&objects, &other].map(|handle| handle.alloc(7u64).map(drop));
    let _ = ask().map(Result::unwrap);
    assert!(objects.clone().close().unwrap().is_drained());
    let words: Slice<u64> = arena
        .slice(objects.as_ptr().cast(), usize::try_from(objects.closing().unwrap().span().1).unwrap() / 8)
        .unwrap();
    let load = || words.iter().map(Mirror::load).collect::<Vec<_>>();
    let before = load();
    assert!(ask().iter().all(|asked| matches!(asked, Err(AllocError::Closed))));
    assert!(load() == before);
}

/// The second handle's objects are unknown to the first, so its recovery frees their slots.
#[test]
fn an_object_whose_slot_was_recovered_changes_nothing_when_it_goes() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 1000)).unwrap();
    let other = Allocator::open(&arena, objects.as_ptr()).unwrap();
    let [first, second, third, fourth] = [(); 4].map(|()| other.alloc(7u64).unwrap());
    assert_eq!(objects.recover().unwrap().orphans, 4);
    drop(first);
    let _ = second.into_ptr();
    let all: Vec<_> = (0..1000).map(|_| objects.alloc(7u64).unwrap()).collect();
    drop(all);
    let closing = objects.close().unwrap();
    assert!(closing.is_drained());
    let words: Slice<u64> =
        arena.slice(closing.span().0.cast(), usize::try_from(closing.span().1).unwrap() / 8).unwrap();
    words.iter().for_each(|word| word.store(7));
    drop(third);
    let _ = fourth.into_ptr();
    assert!(words.iter().all(|word| word.load() == 7));
}

#[test]
fn a_drained_allocator_tells_nothing_of_what_is_in_its_place() {
    let arena = Arena::memfd(64).unwrap();
    let first = Allocator::create(&arena, config(8, 1000)).unwrap();
    let other = Allocator::open(&arena, first.as_ptr()).unwrap();
    let closing = first.close().unwrap();
    assert!(closing.is_drained());
    let second = Allocator::create(&arena, config(8, 1000)).unwrap();
    let _all: Vec<_> = (0..100).map(|_| second.alloc(7u64).unwrap()).collect();
    for old in [closing.allocator(), &other] {
        let stats = old.stats();
        assert_eq!((stats.live, stats.free, stats.classes[0].used), (0, 1000, 0));
    }
    assert!(closing.allocator().closing().is_some());
}

#[test]
fn who_asks_while_another_is_made_in_the_place_is_told_that_it_is_closed() {
    let arena = Arena::memfd(64).unwrap();
    let at = Allocator::create(&arena, config(8, 1)).unwrap().close().unwrap();
    assert!(at.is_drained());
    let race = Race::of(duration());
    thread::scope(|scope| {
        let maker = scope.spawn(|| {
            let mut made = 0;
            while race.goes_on(made > 1000) {
                assert!(Allocator::create(&arena, config(8, 1)).unwrap().close().unwrap().is_drained());
                made += 1;
            }
        });
        while !maker.is_finished() {
            let Ok(objects) = Allocator::open(&arena, at.span().0) else { continue };
            for _ in 0..1000 {
                let asked = objects.free(ArenaPtr::<u64>::from_address(0));
                let is_told = matches!(asked, Err(AllocError::Closed | AllocError::Ptr(_)));
                assert!(is_told, "{asked:?}");
            }
        }
    });
}

/// A state in which somebody else repairs it, who may have died.
#[test]
fn an_allocator_that_somebody_recovers_is_not_drained() {
    const RECOVERING_CLOSED: u32 = 6;
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 1000)).unwrap();
    let state = word::<u32>(&arena, &objects, STATE);
    let closing = objects.close().unwrap();
    state.store(state.load() & !7 | RECOVERING_CLOSED);
    assert!(!closing.is_drained());
    closing.allocator().recover().unwrap();
    assert!(closing.is_drained());
    Allocator::create(&arena, config(8, 1000)).unwrap();
}

#[test]
fn a_thread_that_ends_leaves_a_shard_alone_that_is_not_its_own_any_more() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 4096)).unwrap();
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            drop(objects.alloc(7u64).unwrap());
            // As after a recovery by another process, of which a thread took the shard.
            for offset in [0, 8, 16] {
                word::<u64>(&arena, &objects, SHARDS + offset).store(4);
            }
        });
        thread.join().unwrap();
    });
    assert_eq!([0, 8, 16].map(|offset| word::<u64>(&arena, &objects, SHARDS + offset).load()), [4; 3]);
}

#[test]
fn an_allocator_that_is_opened_when_it_is_drained_keeps_no_place() {
    let arena = Arena::memfd(64).unwrap();
    let drained = Allocator::create(&arena, config(8, 1000)).unwrap().close().unwrap();
    assert!(drained.is_drained());
    let opened = Allocator::open(&arena, drained.span().0).unwrap();
    let at = Some(ArenaPtr::from_address(opened.as_ptr().address() + 64));
    Allocator::create(&arena, Config { at, ..config(8, 1000) }).unwrap();
}

#[test]
fn what_is_made_in_the_place_of_a_drained_allocator_is_not_recovered() {
    let arena = Arena::memfd(64).unwrap();
    let first = Allocator::create(&arena, config(8, 1000)).unwrap();
    let [other, drained] = [(); 2].map(|()| Allocator::open(&arena, first.as_ptr()).unwrap());
    let closing = first.close().unwrap();
    assert!(closing.is_drained());
    let second = Allocator::create(&arena, config(8, 1000)).unwrap();
    let one = second.alloc(7u64).unwrap().into_ptr();
    for old in [closing.allocator(), &other] {
        assert!(matches!(old.recover(), Err(AllocError::Closed)));
        assert!(matches!(old.free(one), Err(AllocError::Closed)));
    }
    assert_eq!(second.claim(one).unwrap().load(), 7);
    assert!(second.close().unwrap().is_drained());

    // Memory that is not an allocator stays as it is.
    let words: Slice<u64> = arena.slice(drained.as_ptr().cast(), 2000).unwrap();
    words.iter().for_each(|word| word.store(7));
    assert!(matches!(drained.recover(), Err(AllocError::NoAllocator { found: 7, .. })));
    assert!(words.iter().all(|word| word.load() == 7));
}

#[test]
fn a_place_that_is_aligned_less_than_values_are_is_refused_before_anything_is_written() {
    let arena = Arena::memfd(64).unwrap();
    let at = Some(arena.at(4096 + 64));
    match Allocator::create(&arena, Config { align: 128, at, ..config(8, 100) }) {
        Err(AllocError::Config { field: "at", given, .. }) => assert_eq!(given, arena.start() + 4096 + 64),
        other => panic!("{other:?}"),
    }
    Allocator::create(&arena, Config { align: 64, at, ..config(8, 100) }).unwrap();
}

/// What was put where its slots were would be taken for slots.
#[test]
fn an_allocator_that_another_handle_drained_is_not_recovered() {
    let arena = Arena::memfd(64).unwrap();
    let first = Allocator::create(&arena, config(8, 1000)).unwrap();
    let other = Allocator::open(&arena, first.as_ptr()).unwrap();
    let place = first.alloc(7u64).unwrap().as_ptr().address();
    assert!(first.close().unwrap().is_drained());
    // In the first slot, and what is before its value.
    let reused: Slice<u64> = arena.slice(ArenaPtr::from_address(place - 16), 3).unwrap();
    reused.iter().for_each(|word| word.store(1));
    assert!(matches!(other.recover(), Err(AllocError::Closed)));
    assert!(reused.iter().all(|word| word.load() == 1));
}

#[test]
fn an_allocator_whose_header_was_overwritten_is_neither_recovered_nor_replaced_while_it_is_open() {
    // All of the header, or the one word by which it is drained.
    for (number, all) in [(0, true), (u64::MAX, true), (0, false)] {
        let arena = Arena::memfd(64).unwrap();
        let objects = Allocator::create(&arena, config(8, 1000)).unwrap();
        let (start, bytes) = (objects.as_ptr().address(), config(8, 1000).bytes().unwrap());
        let one = objects.alloc(7u64).unwrap();
        let words: Slice<u64> = arena.slice(objects.as_ptr().cast(), (1152 + 80 * 128) / 8).unwrap();
        if all {
            words.iter().for_each(|word| word.store(number));
        } else {
            word::<u32>(&arena, &objects, STATE).store(0);
        }
        let is_refused = || match Allocator::create(&arena, config(8, 1000)) {
            Err(AllocError::Overwritten { start: s, end }) => assert_eq!((s, end), (start, start + bytes)),
            other => panic!("{other:?}"),
        };
        is_refused();
        drop(one);
        is_refused();
        if all {
            match objects.recover() {
                Err(AllocError::NoAllocator { what: "the magic number", found, .. }) => assert_eq!(found, number),
                other => panic!("{other:?}"),
            }
            assert!(words.iter().all(|word| word.load() == number), "nothing is written there");
        } else {
            objects.recover().unwrap();
            assert!(objects.clone().close().unwrap().is_drained());
        }
        drop(objects);
        let again = Allocator::create(&arena, config(8, 1000)).unwrap();
        assert_eq!(again.alloc(7u64).unwrap().load(), 7);
    }
}

#[test]
fn a_state_that_somebody_wrote_over_is_told_apart_from_a_closed_allocator() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 100)).unwrap();
    let state: Var<u32> = word(&arena, &objects, STATE);
    let was = state.swap(77);
    match objects.alloc(7u64) {
        Err(AllocError::Corrupt { what: "the state of the allocator", found: 77, .. }) => {}
        other => panic!("{other:?}"),
    }
    objects.recover().unwrap();
    assert_eq!(state.load(), was);
    objects.clone().close().unwrap();
    assert!(matches!(objects.alloc(7u64), Err(AllocError::Closed)));
}

#[test]
fn a_number_of_used_slots_that_somebody_wrote_costs_neither_time_nor_memory() {
    const CAPACITY: u32 = 4_000_000;
    let arena = Arena::memfd(1 << 20).unwrap();
    let objects = Allocator::create(&arena, Config { prefault: false, ..config(1000, CAPACITY) }).unwrap();
    let held = [(); 3].map(|()| objects.alloc(7u64).unwrap());
    let file = std::fs::File::from(arena.fd().unwrap().try_clone_to_owned().unwrap());
    let blocks = || file.metadata().unwrap().blocks();
    let before = blocks();
    word::<u32>(&arena, &objects, FRESH).store(CAPACITY);
    let start = Instant::now();
    let closing = objects.close().unwrap();
    assert_eq!(closing.remaining(), 3);
    drop(held);
    assert_eq!(closing.remaining(), 0);
    // It reads 256 slots of 1 KiB each.
    assert!(blocks() - before < 2048, "{} blocks", blocks() - before);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_value_gets_a_larger_slot_when_those_of_its_size_are_in_use() {
    let arena = Arena::memfd(1024).unwrap();
    let objects = Allocator::create(&arena, Config { capacity: 4, ..Config::default() }).unwrap();
    // There are 12 slot sizes from 32 bytes on.
    let all: Vec<Object<[u64; 4]>> = (0..48).map(|number| objects.alloc([number; 4]).unwrap()).collect();
    assert!(matches!(objects.alloc([0u64; 4]), Err(AllocError::OutOfSlots { capacity: 4, value_size: 32 })));
    assert!((0..).zip(&all).all(|(number, object)| object.load() == [number; 4]));
    assert_eq!((objects.stats().live, objects.stats().failed), (48, 1));
    drop(objects.alloc(7u64).unwrap());
    drop(all);
    assert_eq!(objects.stats().live, 0);
}

#[test]
fn a_thread_keeps_at_most_63_slots_and_all_threads_a_sixteenth() {
    let arena = Arena::memfd(1024).unwrap();
    let objects = Allocator::create(&arena, config(8, 100_000)).unwrap();
    drop([(); 300].map(|()| objects.alloc(7u64).unwrap()));
    assert!((1..=63).contains(&kept(&arena, &objects)), "{}", kept(&arena, &objects));

    for capacity in [512, 1000, 1024, 1500] {
        let arena = Arena::memfd(64).unwrap();
        let objects = Allocator::create(&arena, config(8, capacity)).unwrap();
        let (all_keep, looked) = (Barrier::new(65), Barrier::new(65));
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    drop([(); 4].map(|()| objects.alloc(7u64).unwrap()));
                    all_keep.wait();
                    looked.wait();
                });
            }
            all_keep.wait();
            let kept = kept(&arena, &objects);
            looked.wait();
            assert!((1..=capacity / 16).contains(&kept), "{kept} of {capacity}");
        });
    }
}

#[test]
fn a_thread_for_which_there_was_no_shard_gets_one_later() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 4096)).unwrap();
    let ended = AtomicBool::new(false);
    let all_have = Barrier::new(65);
    thread::scope(|scope| {
        let others: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    drop(objects.alloc(7u64).unwrap());
                    all_have.wait();
                    wait_until("the thread may end", || ended.load(Relaxed));
                })
            })
            .collect();
        all_have.wait();
        drop(objects.alloc(7u64).unwrap());
        assert_eq!(owned_shards(&arena, &objects), 64, "none is left");
        ended.store(true, Relaxed);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(owned_shards(&arena, &objects), 0);
        for _ in 0..100 {
            drop(objects.alloc(7u64).unwrap());
        }
        assert_eq!(owned_shards(&arena, &objects), 1);
    });
}

#[test]
fn a_thread_that_goes_round_many_allocators_finds_what_it_has_of_each() {
    const ALLOCATORS: usize = 300;
    let arena = Arena::memfd(16_384).unwrap();
    let bytes = config(8, 512).bytes().unwrap().next_multiple_of(64);
    let all: Vec<_> = (1..=ALLOCATORS as u64)
        .map(|i| {
            let at = Some(ArenaPtr::from_address(arena.start() + i * bytes.next_multiple_of(4096)));
            Allocator::create(&arena, Config { at, ..config(8, 512) }).unwrap()
        })
        .collect();
    for _ in 0..3 {
        for objects in &all {
            drop(objects.alloc(7u64).unwrap());
            // The thread keeps this slot. It is not on the shared list.
            assert_eq!(kept(&arena, objects), 1);
        }
    }
}

/// Both threads make an allocator in one place, as two processes do that start at one time.
#[test]
fn of_two_threads_that_make_an_allocator_in_one_place_one_does() {
    let arena = Arena::memfd(64).unwrap();
    let config = Config { value_size: 8, capacity: 1000, prefault: false, ..Config::default() };
    let race = Race::of(duration());
    let mut rounds = 0;
    while race.goes_on(rounds > 1000) {
        let together = Barrier::new(2);
        let make = || {
            together.wait();
            Allocator::create(&arena, config)
        };
        let both = thread::scope(|scope| [scope.spawn(make), scope.spawn(make)].map(|thread| thread.join().unwrap()));
        let (mut ours, refused): (Vec<_>, Vec<_>) = both.into_iter().partition(Result::is_ok);
        assert_eq!(ours.len(), 1, "of the two, after {rounds} rounds: {refused:?}");
        let closing = ours.remove(0).unwrap().close().unwrap();
        assert_eq!(closing.remaining(), 0);
        rounds += 1;
    }
    assert!(rounds > 1000, "{rounds}");
}

/// A thread has a cache in an allocator that is gone. Another thread has that cache now, in the
/// allocator that came after, and sends its objects to the first one to be dropped.
#[test]
fn a_thread_leaves_a_cache_alone_that_it_had_in_an_allocator_that_is_gone() {
    let config = Config { value_size: 8, capacity: 70_000, prefault: false, ..Config::default() };
    let race = Race::of(duration());
    let mut rounds = 0;
    while race.goes_on(rounds > 20) {
        let (send, receive) = mpsc::channel::<Object<u64>>();
        let first = Allocator::create(&Arena::memfd(2048).unwrap(), config).unwrap();
        let (ready, is_ready) = mpsc::channel();
        let dropper = {
            let first = first.clone();
            thread::spawn(move || {
                drop([(); 3].map(|()| first.alloc(1u64).unwrap()));
                drop(first);
                ready.send(()).unwrap();
                receive.into_iter().for_each(drop);
            })
        };
        is_ready.recv().unwrap();
        drop(first);
        let second = Allocator::create(&Arena::memfd(2048).unwrap(), config).unwrap();
        for number in 0..50_000u64 {
            let object = second.alloc(number).unwrap();
            if number % 4 == 0 {
                send.send(object).unwrap();
            }
        }
        drop(send);
        dropper.join().unwrap();
        assert_eq!(second.stats().live, 0, "after {rounds} rounds");
        let recovered = second.recover().unwrap();
        assert_eq!((recovered.lost, recovered.orphans), (0, 0));
        rounds += 1;
    }
}

/// A thread that is among the shared lists may still write there.
#[test]
fn a_place_is_not_free_while_a_thread_is_inside() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 1000)).unwrap();
    drop(objects.alloc(1u64).unwrap());
    let gates = (0..64).map(|shard| word::<u64>(&arena, &objects, SHARDS + 128 * shard));
    let gate = gates.into_iter().find(|gate| gate.load() != 0).expect("that of this thread");
    let number = gate.load();
    gate.store(number | 1);
    let closing = objects.close().unwrap();
    assert_eq!(closing.remaining(), 1);
    let made = Allocator::create(&arena, config(8, 1000));
    assert!(matches!(made, Err(AllocError::Occupied { .. })), "{made:?}");
    gate.store(number);
    assert_eq!(closing.remaining(), 0);
    Allocator::create(&arena, config(8, 1000)).unwrap();
}
