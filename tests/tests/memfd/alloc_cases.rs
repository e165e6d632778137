//! Allocators at their limits: the largest objects and the smallest, all alignments, the last slot.

use std::cell::RefCell;
use std::sync::Barrier;
use std::thread;

use mapvalue::arena::{AllocError, Allocator, Config, Object};
use mapvalue::{Arena, ArenaPtr, ArenaPtrError, MapValue, PlaceError, Storable};

/// The longest value that a slot can have.
const LARGEST: usize = 1 << 20;

fn config(value_size: usize, capacity: u32) -> Config {
    Config { value_size, capacity, ..Config::default() }
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "that large values are, is what this is about")]
fn the_largest_object_is_made_and_one_byte_more_is_refused() {
    let run = || {
        let arena = Arena::memfd(600).unwrap();
        let objects = Allocator::create(&arena, config(LARGEST, 2)).unwrap();
        let mut value = [3u8; LARGEST];
        value[LARGEST - 1] = 4;
        let first = objects.alloc(value).unwrap();
        let second = objects.alloc([5u8; LARGEST]).unwrap();
        assert_eq!((first[0].load(), first[LARGEST - 1].load(), second[0].load()), (3, 4, 5));
        let refused = objects.alloc([0u8; LARGEST + 1]).map(drop);
        assert!(matches!(refused, Err(AllocError::TooLarge { size, .. }) if size == LARGEST + 1), "{refused:?}");
        let first = objects.claim(first.into_kptr()).unwrap();
        assert_eq!(first[LARGEST - 1].load(), 4);
        let config = config(LARGEST + 1, 1);
        let refused = Allocator::create(&arena, config).map(drop);
        assert!(matches!(refused, Err(AllocError::Config { field: "value_size", .. })), "{refused:?}");
    };
    // While an object is made, the stack holds more than one copy of a value of this length.
    thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn an_allocator_of_capacity_0_is_refused() {
    let arena = Arena::memfd(16).unwrap();
    let refused = Allocator::create(&arena, config(16, 0)).map(drop);
    assert!(matches!(refused, Err(AllocError::Config { field: "capacity", given: 0, .. })), "{refused:?}");
}

#[test]
fn an_allocator_of_capacity_1_has_one_object_at_a_time_whoever_holds_it() {
    let arena = Arena::memfd(16).unwrap();
    let objects = Allocator::create(&arena, config(8, 1)).unwrap();
    for number in 0..1000u64 {
        let object = objects.alloc(number).unwrap();
        assert!(matches!(objects.alloc(0u64), Err(AllocError::OutOfSlots { capacity: 1, value_size: 8 })));
        let kptr = object.into_kptr();
        assert!(matches!(objects.alloc(0u64), Err(AllocError::OutOfSlots { .. })));
        assert_eq!(objects.claim(kptr).unwrap().load(), number);
    }
    assert_eq!((objects.stats().live, objects.stats().failed), (0, 2000));
}

#[test]
fn an_allocator_that_is_out_of_memory_says_so_and_goes_on_when_an_object_is_freed() {
    let arena = Arena::memfd(16).unwrap();
    // As many slots as the arena has room for, and one more.
    let header = config(8, 1).bytes().unwrap() - 24;
    let room = u32::try_from((arena.len() - 4096 - header) / 24).unwrap();
    let refused = Allocator::create(&arena, config(8, room + 1)).map(drop);
    assert!(matches!(refused, Err(AllocError::Ptr(ArenaPtrError::OutOfRange { .. }))), "{refused:?}");
    let objects = Allocator::create(&arena, config(8, room)).unwrap();
    let mut all: Vec<_> = (0..room).map(|number| objects.alloc(u64::from(number)).unwrap()).collect();
    for _ in 0..100 {
        assert!(matches!(objects.alloc(0u64), Err(AllocError::OutOfSlots { .. })));
        let freed = all.swap_remove(0);
        let at = freed.as_ptr();
        drop(freed);
        let next = objects.alloc(9u64).unwrap();
        assert_eq!(next.as_ptr(), at);
        all.push(next);
    }
}

macro_rules! aligned {
    ($($name:ident $align:literal),*) => {$(
        #[derive(MapValue, Clone, Copy)]
        #[repr(C, align($align))]
        struct $name(u8);
    )*};
}
aligned!(To1 1, To2 2, To4 4, To8 8, To16 16, To32 32, To64 64);

#[test]
fn objects_of_alignments_from_1_to_64_are_aligned_or_refused() {
    fn check<T: Storable + Copy>(arena: &Arena, value: T) {
        for align in [8, 16, 32, 64] {
            let config = Config { value_size: 64, capacity: 20, align, ..Config::default() };
            let objects = Allocator::create(arena, config).unwrap();
            for _ in 0..20 {
                match objects.alloc(value).map(Object::into_kptr) {
                    Ok(kptr) => {
                        assert!(align_of::<T>() <= align);
                        let object = objects.claim(kptr).unwrap();
                        let place = std::ptr::from_ref(&*object).addr();
                        assert!(place.is_multiple_of(align_of::<T>()), "{place:#x} for {}", align_of::<T>());
                    }
                    Err(AllocError::Misaligned { align: wanted, given, .. }) => {
                        assert_eq!((wanted, given as usize), (align_of::<T>(), align));
                        assert!(wanted > align);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(objects.close().unwrap().is_drained());
        }
    }
    let arena = Arena::memfd(16).unwrap();
    check(&arena, To1(1));
    check(&arena, To2(1));
    check(&arena, To4(1));
    check(&arena, To8(1));
    check(&arena, To16(1));
    check(&arena, To32(1));
    check(&arena, To64(1));
}

#[test]
fn of_two_allocators_in_one_arena_neither_takes_the_objects_of_the_other() {
    let arena = Arena::memfd(64).unwrap();
    let at = |offset| Some(ArenaPtr::from_address(arena.start() + offset));
    // Side by side, without a gap.
    let first = Config { at: at(4096), ..config(16, 100) };
    let next = (4096 + first.bytes().unwrap()).next_multiple_of(64);
    let allocators =
        [first, Config { at: at(next), ..config(16, 100) }].map(|one| Allocator::create(&arena, one).unwrap());
    for (own, other) in [(0, 1), (1, 0)] {
        let (own, other) = (&allocators[own], &allocators[other]);
        for _ in 0..100 {
            let kptr = own.alloc([1u64, 2]).unwrap().into_kptr();
            assert!(matches!(other.free(kptr), Err(AllocError::ForeignObject { .. })));
            assert!(matches!(other.claim(kptr), Err(AllocError::ForeignObject { .. })));
        }
        assert_eq!((own.stats().live, other.stats().failed), (100, 0));
        let recovered = own.recover_reachable([]).unwrap();
        assert_eq!((recovered.orphans, recovered.free), (100, 100));
    }
}

#[test]
fn a_value_of_no_bytes_is_refused() {
    let arena = Arena::memfd(16).unwrap();
    let objects = Allocator::create(&arena, config(16, 10)).unwrap();
    // A pointer to no bytes could not be checked.
    let refused = objects.alloc([0u64; 0]).map(drop);
    assert!(matches!(refused, Err(AllocError::Place(PlaceError::ZeroSized { .. }))), "{refused:?}");
    assert_eq!(objects.stats().live, 0);
}

thread_local! {
    static FIRST: RefCell<Vec<Object<u64>>> = const { RefCell::new(Vec::new()) };
    static LAST: RefCell<Vec<Allocator>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn objects_and_handles_that_go_with_their_thread_are_given_back() {
    let arena = Arena::memfd(64).unwrap();
    let objects = Allocator::create(&arena, config(8, 5000)).unwrap();
    for turn in 0..20 {
        let run = || {
            // Thread-local variables are dropped in some order: before the thread's share of the
            // allocator, and after it.
            if turn % 2 == 0 {
                FIRST.with(|_| ());
            }
            let own = (0..10).map(|number| objects.alloc(number).unwrap()).collect();
            FIRST.with(|first| *first.borrow_mut() = own);
            let handles = vec![objects.clone(), Allocator::open(&arena, objects.as_ptr()).unwrap()];
            LAST.with(|last| *last.borrow_mut() = handles);
        };
        thread::scope(|scope| scope.spawn(run).join().unwrap());
        assert_eq!(objects.stats().live, 0);
    }
    let recovered = objects.recover().unwrap();
    assert_eq!((recovered.free, recovered.lost, recovered.orphans), (5000, 0, 0));
}

#[test]
fn more_threads_than_keep_slots_make_and_free_side_by_side_and_the_memory_goes_with_the_last_object() {
    const THREADS: usize = 100;
    let arena = Arena::memfd(256).unwrap();
    let objects = Allocator::create(&arena, config(8, 20_000)).unwrap();
    let all_are_there = Barrier::new(THREADS);
    // Each thread makes an object, and each drops that of another.
    let made: Vec<Object<u64>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS as u64)
            .map(|number| {
                let (objects, all_are_there) = (objects.clone(), &all_are_there);
                scope.spawn(move || {
                    let one = objects.alloc(number).unwrap();
                    all_are_there.wait();
                    for _ in 0..100 {
                        drop(objects.alloc(number).unwrap());
                    }
                    one
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(objects.stats().live, THREADS as u64);
    assert!(matches!(objects.recover(), Err(AllocError::InUse { objects: 100 })));
    drop((objects, arena));
    thread::scope(|scope| {
        for one in made {
            scope.spawn(move || {
                assert!(one.load() < THREADS as u64);
                drop(one);
            });
        }
    });
}

#[test]
fn what_is_forgotten_stays_and_harms_nobody() {
    let arena = Arena::memfd(16).unwrap();
    let objects = Allocator::create(&arena, config(8, 10)).unwrap();
    let forgotten = objects.alloc(7u64).unwrap();
    let at = forgotten.as_ptr();
    std::mem::forget((forgotten, objects.clone()));
    assert!(matches!(objects.free(at), Err(AllocError::Owned { .. })));
    assert!(matches!(objects.recover(), Err(AllocError::InUse { objects: 1 })));
    drop(objects);
    // Its process could end now: another one recovers the slot.
    let again = Allocator::open(&arena, arena.page(1)).unwrap();
    assert_eq!(again.recover().unwrap().orphans, 1);
    assert_eq!(again.stats().free, 10);
}
