//! The steps of a `SeqCell` (`core/src/value/seq/protocol.rs`, that very source) in a model
//! checker. In every interleaving of the threads, with every value that a relaxed load may see, no
//! reader gets half of one write and half of another. With any one memory order left out, some
//! reader does.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::thread;

use crate::protocol::{self, ReadSequence, WriteSequence};

/// The memory orders that a model leaves out.
trait Omitted: 'static {
    const ACQUIRE_FENCES: bool = false;
    const RELEASE_FENCE: bool = false;
    const ACQUIRE: bool = false;
    const RELEASE: bool = false;
}

struct Nothing;
impl Omitted for Nothing {}

struct AcquireFences;
impl Omitted for AcquireFences {
    const ACQUIRE_FENCES: bool = true;
}

struct ReleaseFence;
impl Omitted for ReleaseFence {
    const RELEASE_FENCE: bool = true;
}

struct Acquire;
impl Omitted for Acquire {
    const ACQUIRE: bool = true;
}

struct Release;
impl Omitted for Release {
    const RELEASE: bool = true;
}

/// The sequence number of a cell.
struct Number<O>(AtomicU64, PhantomData<O>);

impl<O: Omitted> ReadSequence for Number<O> {
    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
    fn fence_acquire() {
        if !O::ACQUIRE_FENCES {
            fence(Ordering::Acquire);
        }
    }
    fn fence_release() {
        if !O::RELEASE_FENCE {
            fence(Ordering::Release);
        }
    }
    fn pause() {
        thread::yield_now();
    }
}

impl<O: Omitted> WriteSequence for Number<O> {
    fn exchange_acquire(&self, current: u64, new: u64) -> Result<u64, u64> {
        let order = if O::ACQUIRE { Ordering::Relaxed } else { Ordering::Acquire };
        self.0.compare_exchange(current, new, order, Ordering::Relaxed)
    }
    fn exchange_release(&self, current: u64, new: u64) -> Result<u64, u64> {
        let order = if O::RELEASE { Ordering::Relaxed } else { Ordering::Release };
        self.0.compare_exchange(current, new, order, Ordering::Relaxed)
    }
}

/// A cell whose value is two words. Every write stores two equal words.
struct Cell<O> {
    sequence: Number<O>,
    value: [AtomicU64; 2],
}

impl<O: Omitted> Cell<O> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            sequence: Number(AtomicU64::new(0), PhantomData),
            value: [AtomicU64::new(0), AtomicU64::new(0)],
        })
    }

    fn store(&self, value: u64) {
        self.value.iter().for_each(|word| word.store(value, Ordering::Relaxed));
    }

    /// As `SeqCellShared::write`.
    fn write(&self, value: u64, tries: u32) -> Result<(), u64> {
        let turn = protocol::begin(&self.sequence, tries)?;
        self.store(value);
        protocol::end(&self.sequence, turn)
    }

    /// As `SeqCellShared::read`. Both words must come from one write.
    fn read(&self, tries: u32) -> Result<u64, u64> {
        let load = || self.value.each_ref().map(|word| word.load(Ordering::Relaxed));
        let [a, b] = protocol::read(&self.sequence, tries, load)?;
        assert_eq!(a, b, "half of one write and half of another");
        Ok(a)
    }
}

/// A reader that reads `reads` times, beside a writer of `times` values.
fn a_reader_and_a_writer<O: Omitted>(reads: usize, times: u64) {
    loom::model(move || {
        let cell = Cell::<O>::new();
        let writer = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || (1..=times).for_each(|value| cell.write(value, 1).expect("the only writer")))
        };
        let mut last = 0;
        for _ in 0..reads {
            let value = cell.read(1).unwrap_or(last);
            assert!(last <= value, "time goes back from {last} to {value}");
            last = value;
        }
        writer.join().unwrap();
        assert_eq!(cell.read(1), Ok(times));
    });
}

/// Two writers, and a read when both are done.
fn two_writers<O: Omitted>() {
    loom::model(|| {
        let cell = Cell::<O>::new();
        let other = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || cell.write(1, 2).is_ok())
        };
        let mine = cell.write(2, 2).is_ok();
        let theirs = other.join().unwrap();
        assert!(mine || theirs, "one of them went first");
        let value = cell.read(1).expect("nobody is writing");
        assert!(value == 1 && theirs || value == 2 && mine, "{value}");
    });
}

/// A writer that died half way, a thread that recovers the cell, and a reader.
fn a_dead_writer<O: Omitted>() {
    loom::model(|| {
        let cell = Cell::<O>::new();
        cell.write(1, 1).unwrap();
        let turn = protocol::begin(&cell.sequence, 1).unwrap();
        cell.value[0].store(9, Ordering::Relaxed);
        let reader = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || cell.read(2))
        };
        assert_eq!(cell.read(2), Err(turn));
        let mine = protocol::take_over(&cell.sequence, turn).expect("nobody else has");
        cell.store(3);
        protocol::end(&cell.sequence, mine).unwrap();
        // The half-written value is never seen.
        assert!(matches!(reader.join().unwrap(), Ok(3) | Err(_)));
        assert_eq!(cell.read(1), Ok(3));
        assert_eq!(protocol::take_over(&cell.sequence, turn), None, "it has been recovered");
        assert_eq!(protocol::take_over(&cell.sequence, mine + 1), None, "nobody is writing");
        assert_eq!(protocol::end(&cell.sequence, turn), Err(mine + 1), "the dead writer comes back");
    });
}

/// A reader that starts before the writer that dies.
fn a_reader_beside_a_recovery<O: Omitted>() {
    loom::model(|| {
        let cell = Cell::<O>::new();
        let reader = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || cell.read(1).is_ok())
        };
        let turn = protocol::begin(&cell.sequence, 1).expect("the only writer");
        let mine = protocol::take_over(&cell.sequence, turn).expect("nobody else has");
        cell.store(3);
        protocol::end(&cell.sequence, mine).expect("nobody else has");
        reader.join().unwrap();
    });
}

#[test]
fn no_reader_gets_half_of_a_recovery() {
    a_reader_beside_a_recovery::<Nothing>();
}

#[test]
fn no_reader_gets_half_of_a_write() {
    a_reader_and_a_writer::<Nothing>(1, 2);
    a_reader_and_a_writer::<Nothing>(2, 1);
}

#[test]
fn writers_take_turns() {
    two_writers::<Nothing>();
}

#[test]
fn a_cell_of_a_dead_writer_is_busy_until_it_is_recovered() {
    a_dead_writer::<Nothing>();
}

#[test]
fn without_any_one_of_the_orders_a_model_fails() {
    let fails = |model: fn()| catch_unwind(AssertUnwindSafe(model)).is_err();
    assert!(fails(|| a_reader_and_a_writer::<AcquireFences>(2, 1)), "acquire fences");
    assert!(fails(|| a_reader_and_a_writer::<ReleaseFence>(2, 1)), "release fence");
    assert!(fails(|| a_reader_and_a_writer::<Release>(2, 1)), "release of the end");
    assert!(fails(a_reader_beside_a_recovery::<ReleaseFence>), "release fence of a recovery");
    assert!(fails(two_writers::<Acquire>), "acquire of the beginning");
    assert!(fails(two_writers::<Release>), "release of the end, for the next writer");
}
