//! An allocator whose memory others write to, so that its own data changes while threads use it.
//! That leads only to errors, and to slots that are lost until it is recovered.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaPtr, MapValue, Mirror, Var};
use mapvalue_tests::feature::PIDFD_INODES;

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Flow {
    packets: u64,
    bytes: u64,
}

const FLOW: Flow = Flow { packets: 1, bytes: 60 };

/// Offsets in an allocator: see `layout`, or `mapvalue/alloc.bpf.h`.
const STATE: u64 = 16;
const CLASS_COUNT: u64 = 20;
const ALIGN: u64 = 24;
const LEN: u64 = 32;
const CLASSES: u64 = 64;
const FRESH: u64 = CLASSES + 8;
const SHARDS: u64 = 1152;
const SHARD: u64 = 128;
/// How many bytes before a slot's value its type id is.
const TYPE_ID: u64 = 8;

fn small(arena: &Arena, capacity: u32) -> Allocator {
    Allocator::create(arena, Config { value_size: 16, capacity, ..Config::default() }).unwrap()
}

/// A word of an allocator, at an offset from its start.
fn word<T: MapValue>(arena: &Arena, objects: &Allocator, offset: u64) -> Var<T> {
    arena.var(ArenaPtr::from_address(objects.as_ptr().address() + offset)).unwrap()
}

/// The word `bytes` before the value of an object.
fn before<T: MapValue>(arena: &Arena, object: u64, bytes: u64) -> Var<T> {
    arena.var(ArenaPtr::from_address(object - bytes)).unwrap()
}

/// The number of shards that threads own.
fn owned_shards(arena: &Arena, objects: &Allocator) -> usize {
    (0..64).filter(|shard| word::<u64>(arena, objects, SHARDS + SHARD * shard).load() != 0).count()
}

/// Runs `run` in a thread, which has given back all it had when this returns. (The end of a scope
/// would not wait for that.)
fn in_a_thread(run: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(run).join().unwrap());
}

/// The number of this process's objects, by its own count.
fn counted(objects: &Allocator) -> u64 {
    match objects.recover() {
        Err(AllocError::InUse { objects }) => objects,
        other => panic!("{other:?}"),
    }
}

/// Makes objects on two threads. `between` runs when the first thread has its place among the
/// counters and the second has none yet. Checks that all objects are counted.
fn make_on_two_threads(
    arena: &Arena,
    objects: &Allocator,
    shards: usize,
    between: impl Fn() + Sync,
) -> Vec<Object<Flow>> {
    const EACH: usize = 200_000;
    let (first_is_there, both_are_there) = (Barrier::new(2), Barrier::new(2));
    // Errors are ignored: only the count matters.
    let make = || (0..EACH).filter_map(|_| objects.alloc(FLOW).ok());
    let all: Vec<_> = thread::scope(|scope| {
        let first = scope.spawn(|| {
            let first = objects.alloc(FLOW).unwrap();
            between();
            first_is_there.wait();
            both_are_there.wait();
            make().chain([first]).collect::<Vec<_>>()
        });
        first_is_there.wait();
        let mine = objects.alloc(FLOW).unwrap();
        let owned = owned_shards(arena, objects);
        both_are_there.wait();
        assert_eq!(owned, shards, "each has its own");
        let mine: Vec<_> = make().chain([mine]).collect();
        mine.into_iter().chain(first.join().unwrap()).collect()
    });
    assert_eq!(counted(objects), all.len() as u64);
    all
}

/// Each thread counts its own objects of the process. A wrong count would unmap the memory under an
/// object.
#[test]
fn a_thread_shares_its_count_with_no_other_whatever_the_memory_says() {
    let arena = Arena::memfd(4096).unwrap();
    let flows = small(&arena, 500_000);
    let owner: Var<u64> = word(&arena, &flows, SHARDS);
    let mut all = make_on_two_threads(&arena, &flows, 1, || owner.store(0));
    let last = all.pop().unwrap();
    drop(all);
    drop((flows, arena));
    assert_eq!(last.bytes.load(), 60, "still mapped");
}

#[test]
fn a_recovery_through_another_handle_takes_no_thread_its_count() {
    let arena = Arena::memfd(4096).unwrap();
    let flows = small(&arena, 500_000);
    let other = Allocator::open(&arena, flows.as_ptr()).unwrap();
    // Where threads have no names for good, the recovery takes the first thread's shard, too.
    let shards = if PIDFD_INODES.missing().is_none() { 2 } else { 1 };
    drop(make_on_two_threads(&arena, &flows, shards, || assert_eq!(other.recover().unwrap().orphans, 1)));
}

#[test]
fn shards_that_somebody_gave_back_are_claimed_again_when_their_threads_have_ended() {
    let arena = Arena::memfd(1024).unwrap();
    let flows = small(&arena, 100_000);
    for turn in 0..200 {
        in_a_thread(|| {
            let flow = flows.alloc(FLOW).unwrap();
            if turn % 2 == 0 {
                (0..64).for_each(|shard| word::<u64>(&arena, &flows, SHARDS + SHARD * shard).store(0));
            }
            in_a_thread(|| drop(flows.alloc(FLOW).unwrap()));
            drop(flow);
        });
    }
    assert_eq!(owned_shards(&arena, &flows), 0);
    assert_eq!(flows.recover().unwrap().free, 100_000);
}

#[derive(MapValue, Clone, Copy)]
#[repr(C, align(64))]
struct Line([u64; 8]);

#[test]
fn an_alignment_that_changes_while_it_is_opened_makes_no_misaligned_object() {
    let arena = Arena::memfd(256).unwrap();
    let at = {
        let config = Config { value_size: 64, capacity: 100, ..Config::default() };
        Allocator::create(&arena, config).unwrap().as_ptr()
    };
    let align: Var<u32> = arena.var(ArenaPtr::from_address(at.address() + ALIGN)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                align.store(64);
                align.store(8);
            }
        });
        let mut refused = 0;
        for _ in 0..20_000 {
            match Allocator::open(&arena, at) {
                // Its slots are 80 bytes apart, which allows an alignment of at most 16.
                Ok(lines) => match lines.alloc(Line([1; 8])) {
                    Err(AllocError::Misaligned { .. }) => {}
                    other => {
                        done.store(true, Relaxed);
                        panic!("{:?}", other.map(|line| line.as_ptr()));
                    }
                },
                Err(AllocError::NoAllocator { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        done.store(true, Relaxed);
        println!("{refused} of 20,000 were not opened");
    });
}

/// A value gets a slot of a later class if its own has none left.
#[test]
fn classes_whose_sizes_do_not_grow_are_refused() {
    let arena = Arena::memfd(8).unwrap();
    let objects = small(&arena, 100);
    let at = objects.as_ptr();
    drop(objects);
    let word32 = |offset: u64| arena.var::<u32>(ArenaPtr::from_address(at.address() + offset)).unwrap();
    let word64 = |offset: u64| arena.var::<u64>(ArenaPtr::from_address(at.address() + offset)).unwrap();
    // One slot of 4080 bytes, and behind it one of 8 bytes, which ends with the arena.
    let last = arena.start() + arena.len() - 24 - at.address();
    word32(CLASS_COUNT).store(2);
    for (class, capacity, size, stride, first) in [(0, 1, 4080, 4096, last - 4096), (1, 1, 8, 24, last)] {
        let class = CLASSES + 64 * class;
        word32(class + 16).store(capacity);
        word32(class + 20).store(size);
        word32(class + 24).store(stride);
        word64(class + 32).store(first);
    }
    match Allocator::open(&arena, at) {
        Err(AllocError::NoAllocator { what: "the size of values", found: 8, expected: 4080, .. }) => {}
        other => panic!("{other:?}: the second `[u64; 510]` would end outside of the arena"),
    }
}

#[test]
fn an_object_is_not_claimed_as_a_type_that_is_larger_than_its_slot() {
    let arena = Arena::memfd(256).unwrap();
    let flows = small(&arena, 100);
    let (first, second) = (flows.alloc(FLOW).unwrap().into_ptr(), flows.alloc(FLOW).unwrap());
    let type_id: Var<u32> = before(&arena, first.address(), TYPE_ID);
    type_id.store(<[u64; 32]>::LAYOUT.type_id());
    let large = first.cast::<[u64; 32]>();
    for result in [flows.claim(large).map(drop), flows.free(large)] {
        match result {
            Err(error @ AllocError::Corrupt { .. }) => println!("{error}"),
            other => panic!("{other:?}: it would reach into the next slot"),
        }
    }
    assert_eq!(second.load(), FLOW);
    type_id.store(Flow::LAYOUT.type_id());
    flows.free(first).unwrap();
}

#[test]
fn a_state_that_is_none_is_put_right_by_recovery() {
    let arena = Arena::memfd(256).unwrap();
    let flows = small(&arena, 100);
    let state: Var<u32> = word(&arena, &flows, STATE);
    for scribble in [0, 77, u32::MAX] {
        state.store(scribble);
        assert!(flows.alloc(FLOW).is_err());
        flows.recover().unwrap();
        drop(flows.alloc(FLOW).unwrap());
    }
    // A closed allocator stays closed.
    let closing = flows.close().unwrap();
    closing.allocator().recover().unwrap();
    assert!(matches!(closing.allocator().alloc(FLOW), Err(AllocError::Closed)));
}

#[test]
fn the_bytes_to_give_back_are_those_that_were_checked() {
    let arena = Arena::memfd(256).unwrap();
    let flows = small(&arena, 100);
    let len: Var<u64> = word(&arena, &flows, LEN);
    let bytes = len.swap(u64::MAX - 100);
    assert_eq!(flows.close().unwrap().span().1, bytes);
}

#[test]
fn who_loses_a_slot_to_scribbling_finds_out_when_it_is_dropped_and_when_it_is_handed_over() {
    for hand_over in [false, true] {
        let arena = Arena::memfd(256).unwrap();
        let flows = small(&arena, 100);
        let fresh: Var<u32> = word(&arena, &flows, FRESH);
        let failed = || flows.stats().failed;
        let first = flows.alloc(FLOW).unwrap();
        // As if no slot had been used yet. A slot with an object in it is not handed out.
        fresh.store(0);
        let other = flows.alloc(FLOW).unwrap();
        assert_ne!(first.as_ptr(), other.as_ptr());
        assert_eq!(failed(), 1, "it is seen");
        // And as if the first slot were free.
        before::<u64>(&arena, first.as_ptr().address(), 16).fetch_and(!3);
        fresh.store(0);
        let second = flows.alloc(Flow { packets: 2, bytes: 120 }).unwrap();
        assert_eq!(first.as_ptr(), second.as_ptr());
        if hand_over {
            let kptr = first.into_kptr();
            assert!(matches!(flows.claim(kptr), Err(AllocError::Stale { .. })), "it is another's");
        } else {
            drop(first);
        }
        assert_eq!(failed(), 2);
        let ptr = second.as_ptr();
        assert!(matches!(flows.free(ptr), Err(AllocError::Owned { .. })), "the second has it");
        drop((second, other));
        assert_eq!(failed(), 2);
        flows.recover().unwrap();
    }
}

#[test]
fn a_list_that_somebody_made_long_does_not_keep_a_thread_from_ending() {
    const SLOTS: u32 = 200_000;
    let arena = Arena::memfd(4096).unwrap();
    let flows = small(&arena, SLOTS);
    in_a_thread(|| {
        let first = flows.alloc(FLOW).unwrap().as_ptr().address();
        // Each slot leads to the next: a link is an index plus one, and the slots are 32 bytes
        // apart.
        for index in 0..SLOTS - 1 {
            let next: Var<u32> = before(&arena, first + u64::from(index) * 32, 4);
            next.store(index + 2);
        }
    });
    // The high half counts the changes of the shared list: it got no more slots than a thread may
    // keep.
    let changes = word::<u64>(&arena, &flows, CLASSES).load() >> 32;
    assert!((1..=65).contains(&changes), "{changes}");
    assert_eq!(flows.recover().unwrap().free, u64::from(SLOTS));
}
