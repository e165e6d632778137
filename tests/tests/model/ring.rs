//! The steps of a ring buffer (`core/src/ring/protocol.rs`, that very source) in a model checker:
//! a reader beside a producer, whose steps are those of the kernel's. In every interleaving, with
//! every value that a load may see, each record is seen once, in order and whole, its place is given
//! away only when it was read, and the commit of a record that the reader did not find wakes it.
//! With any one memory order left out, something of this fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use loom::thread;

use crate::ring_protocol::{At, Consuming, Found, Producing, Walk, commit, reserve};

/// Room for two records of 8 bytes.
const CAPACITY: u64 = 32;
const LEN: u32 = 8;

/// The memory order or fence that a model leaves out.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Nothing,
    PlaceAcquire,
    PlaceRelease,
    WholeAcquire,
    WholeRelease,
    RoomAcquire,
    RoomRelease,
    ReadersFence,
    ProducersFence,
}

/// A ring. The reader's and the producer's side each leave out what `WITHOUT` says.
struct Memory {
    consumer: AtomicU64,
    producer: AtomicU64,
    headers: [AtomicU32; 2],
    data: [UnsafeCell<u64>; 2],
    woken: AtomicBool,
}

impl Memory {
    fn new() -> Self {
        Self {
            consumer: AtomicU64::new(0),
            producer: AtomicU64::new(0),
            headers: [AtomicU32::new(0), AtomicU32::new(0)],
            data: [UnsafeCell::new(u64::MAX), UnsafeCell::new(u64::MAX)],
            woken: AtomicBool::new(false),
        }
    }

    fn slot(position: u64) -> usize {
        usize::try_from(position % CAPACITY / 16).unwrap()
    }
}

/// One side of a ring.
struct Side<const WITHOUT: usize>(Arc<Memory>);

const NOTHING: usize = Without::Nothing as usize;

impl<const WITHOUT: usize> Side<WITHOUT> {
    fn order(order: Ordering, left_out: Without) -> Ordering {
        if WITHOUT == left_out as usize { Ordering::Relaxed } else { order }
    }

    fn fence_unless(left_out: Without) {
        if WITHOUT != left_out as usize {
            fence(Ordering::SeqCst);
        }
    }

    /// Commits a record with this value, which is its number, if there is room.
    ///
    /// It knows the position by itself, as `Writer` does. (A load of it here would hide the reader's
    /// load from the model checker, which looks at the last access to a word.)
    fn send(&self, value: u64) -> bool {
        let position = value * 16;
        if reserve(self, position, LEN, CAPACITY, CAPACITY).is_err() {
            return false;
        }
        self.0.data[Memory::slot(position)].with_mut(|place| {
            // SAFETY: the model checker finds out whether another thread is at it.
            unsafe { *place = value }
        });
        if commit(self, position, LEN, false) {
            self.0.woken.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Reads records until there is none. Their values are expected to be `next`, and those after.
    fn walk(&self, walk: &Walk, next: &mut u64, at_once: bool) {
        let mut look = |Found { position, len }| {
            assert_eq!((position, len), (*next * 16, LEN), "a record that was never there");
            self.0.data[Memory::slot(position)].with(|place| {
                // SAFETY: as in `send`.
                assert_eq!(unsafe { *place }, *next, "another record");
            });
            *next += 1;
        };
        walk.begin(self).expect("the only reader");
        if at_once {
            walk.each(self, look).expect("nothing is damaged");
        } else {
            let mut at = At::default();
            while let Some(found) = walk.next(self, &mut at).expect("nothing is damaged") {
                look(found);
                walk.done(self);
            }
        }
        walk.settle::<Self>();
    }
}

impl<const WITHOUT: usize> Consuming for Side<WITHOUT> {
    fn consumer(&self) -> u64 {
        self.0.consumer.load(Ordering::Relaxed)
    }
    fn producer(&self) -> u64 {
        self.0.producer.load(Self::order(Ordering::Acquire, Without::PlaceAcquire))
    }
    fn header(&self, position: u64) -> u32 {
        self.0.headers[Memory::slot(position)].load(Self::order(Ordering::Acquire, Without::WholeAcquire))
    }
    fn publish(&self, position: u64) -> bool {
        self.0.consumer.store(position, Self::order(Ordering::Release, Without::RoomRelease));
        true
    }
    fn fence() {
        Self::fence_unless(Without::ReadersFence);
    }
}

impl<const WITHOUT: usize> Producing for Side<WITHOUT> {
    fn consumer(&self) -> u64 {
        self.0.consumer.load(Self::order(Ordering::Acquire, Without::RoomAcquire))
    }
    fn produce(&self, position: u64) {
        self.0.producer.store(position, Self::order(Ordering::Release, Without::PlaceRelease));
    }
    fn begin(&self, position: u64, header: u32) {
        self.0.headers[Memory::slot(position)].store(header, Ordering::Relaxed);
    }
    fn finish(&self, position: u64, header: u32) {
        self.0.headers[Memory::slot(position)].swap(header, Self::order(Ordering::AcqRel, Without::WholeRelease));
    }
    fn fence() {
        Self::fence_unless(Without::ProducersFence);
    }
}

/// The records from `before` on are sent while the reader, who finds those before, reads.
fn a_reader_and_a_producer<const WITHOUT: usize>(before: u64, all: u64) {
    one_by_one_or_not::<WITHOUT>(before, all, false);
    one_by_one_or_not::<WITHOUT>(before, all, true);
}

fn one_by_one_or_not<const WITHOUT: usize>(before: u64, all: u64, at_once: bool) {
    loom::model(move || {
        let memory = Arc::new(Memory::new());
        let producer = Side::<WITHOUT>(Arc::clone(&memory));
        assert!((0..before).all(|value| producer.send(value)));
        memory.woken.store(false, Ordering::Relaxed);
        let sender = thread::spawn(move || {
            // One that finds no room is lost, and so are those after it.
            (before..all).find(|value| !producer.send(*value)).unwrap_or(all)
        });
        let reader = Side::<WITHOUT>(Arc::clone(&memory));
        let walk = Walk::new(CAPACITY, 0);
        let mut next = 0;
        reader.walk(&walk, &mut next, at_once);
        let sent = sender.join().unwrap();
        assert!(next == sent || memory.woken.load(Ordering::Relaxed), "it read {next} of {sent}, and sleeps");
        reader.walk(&walk, &mut next, at_once);
        assert_eq!(next, sent);
        assert_eq!(memory.consumer.load(Ordering::Relaxed), sent * 16, "all is released");
    });
}

#[test]
fn each_record_is_seen_once_and_whole_and_none_is_slept_through() {
    a_reader_and_a_producer::<NOTHING>(0, 1);
    a_reader_and_a_producer::<NOTHING>(1, 2);
    a_reader_and_a_producer::<NOTHING>(2, 3);
}

#[test]
fn without_any_one_of_the_orders_a_model_fails() {
    let fails = |model: fn(bool)| {
        [false, true].iter().all(|at_once| catch_unwind(AssertUnwindSafe(|| model(*at_once))).is_err())
    };
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::PlaceAcquire as usize }>(0, 1, at_once)),
        "acquire of the position"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::PlaceRelease as usize }>(0, 1, at_once)),
        "release of the position"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::WholeAcquire as usize }>(0, 1, at_once)),
        "acquire of the header"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::WholeRelease as usize }>(0, 1, at_once)),
        "release of the header"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::RoomAcquire as usize }>(2, 3, at_once)),
        "acquire of the room"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::RoomRelease as usize }>(2, 3, at_once)),
        "release of the room"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::ReadersFence as usize }>(1, 2, at_once)),
        "the reader's fence"
    );
    assert!(
        fails(|at_once| one_by_one_or_not::<{ Without::ProducersFence as usize }>(1, 2, at_once)),
        "the producer's fence"
    );
}
