//! The steps of a ring buffer, over any words: this crate's cells, or those of a model checker,
//! which compiles this very file (so it uses nothing else of the crate).
//!
//! The other side is the kernel's (kernel/bpf/ringbuf.c), or this file's own. Positions count bytes
//! and never go back; a record lies at its position modulo the capacity. Before each record is a
//! header of 8 bytes, whose first 4 are the length and two bits: the record is still being written
//! ([`BUSY`]), or is to be skipped ([`DISCARD`]).
//!
//! The orders, by the names that the comments below use:
//!
//! - **place**: `__bpf_ringbuf_reserve` stores the producer's position with release, after the
//!   header with [`BUSY`]. A reader that acquires the position sees that header, or a later one.
//! - **whole**: `bpf_ringbuf_commit` exchanges the header, a full barrier. A reader that acquires
//!   the header without [`BUSY`] sees all that was written to the record before.
//! - **room**: the reader stores its position with release, after its last load of the records
//!   before it. `__bpf_ringbuf_reserve` acquires the position before it gives their place away.
//! - **wake**: `bpf_ringbuf_commit` wakes the reader only if the position it finds is that of the
//!   record which it has just committed. So the reader first publishes its position, then runs a
//!   full fence, and then looks once more. Between the exchange of the header, a full barrier, and
//!   that fence, either the reader sees the commit, or the commit sees the reader's position.

use core::cell::Cell;

/// Bytes of a header.
pub(crate) const HEADER: u64 = 8;
/// The record is being written (`BPF_RINGBUF_BUSY_BIT`).
pub(crate) const BUSY: u32 = 1 << 31;
/// The record is to be skipped (`BPF_RINGBUF_DISCARD_BIT`).
pub(crate) const DISCARD: u32 = 1 << 30;
/// Beside the number of records in [`Walk::used`]: their walk has ended.
const ENDED: usize = 1 << (usize::BITS - 1);

/// Returns the bytes that a record takes in the ring, its header included.
#[inline]
pub(crate) const fn span_of(len: u32) -> u64 {
    (len as u64 + HEADER).next_multiple_of(8)
}

/// The words as a reader needs them. Positions of headers are multiples of 8.
pub(crate) trait Consuming {
    /// Loads the reader's position, relaxed.
    fn consumer(&self) -> u64;
    /// Loads the producer's position, and acquires.
    fn producer(&self) -> u64;
    /// Loads the header at a position, and acquires.
    fn header(&self, position: u64) -> u32;
    /// Stores the reader's position, and releases. Returns `false`, and stores nothing, in a forked
    /// child, whose parent is the reader.
    fn publish(&self, position: u64) -> bool;
    /// Runs a full fence.
    fn fence();
}

/// The words as a producer needs them. Positions of headers are multiples of 8.
pub(crate) trait Producing {
    /// Loads the reader's position, and acquires.
    fn consumer(&self) -> u64;
    /// Stores the producer's position, and releases.
    fn produce(&self, position: u64);
    /// Stores the header at a position, relaxed.
    fn begin(&self, position: u64, header: u32);
    /// Exchanges the header at a position, and releases.
    fn finish(&self, position: u64, header: u32);
    /// Runs a full fence.
    fn fence();
}

/// Positions or a header that no honest producer and reader leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// The positions are not multiples of 8, or not at most the capacity apart.
    Positions { consumer: u64, producer: u64 },
    /// The record would reach beyond the producer's position.
    Length { position: u64, len: u32, available: u64 },
}

/// A committed record: where its header is, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) position: u64,
    pub(crate) len: u32,
}

/// Where a walk is: a copy of two words of [`Walk`], to be held in registers. (Each record's place
/// depends on the one before, so a store and a load between the two are half of the time.)
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct At {
    read: u64,
    produced: u64,
}

/// How far the one reader of a ring has come.
#[derive(Debug)]
pub(crate) struct Walk {
    capacity: u64,
    /// After the last record that was given out or skipped.
    read: Cell<u64>,
    /// The producer's position when it was last looked at.
    produced: Cell<u64>,
    /// The reader's position as the producer knows it: `read`, unless a record is in use.
    published: Cell<u64>,
    /// How many records are in use beside the first, and [`ENDED`].
    used: Cell<usize>,
    /// The published position after which the fence of "wake" was run, or none that can be.
    settled: Cell<u64>,
}

impl Walk {
    pub(crate) fn new(capacity: u64, consumer: u64) -> Self {
        let at = || Cell::new(consumer);
        Self { capacity, read: at(), produced: at(), published: at(), used: Cell::new(0), settled: Cell::new(u64::MAX) }
    }

    /// Begins a walk, with no record in use. If another reader has moved the position, it fails
    /// with the two positions, and the next walk begins at the position found.
    #[inline]
    pub(crate) fn begin<S: Consuming>(&self, side: &S) -> Result<(), (u64, u64)> {
        // A record that was forgotten, not dropped, is in use no more: the walk before this one has
        // ended.
        self.used.set(0);
        let (published, found) = (self.published.get(), side.consumer());
        if published != found {
            self.read.set(found);
            self.produced.set(found);
            self.published.set(found);
            self.settled.set(u64::MAX);
            return Err((published, found));
        }
        self.release(side);
        Ok(())
    }

    /// Finds the next committed record, and skips those that are discarded. `None` if the ring is
    /// empty or its next record busy: its commit then wakes the reader.
    #[inline]
    pub(crate) fn find<S: Consuming>(&self, side: &S) -> Result<Option<Found>, Bad> {
        self.find_while(side, || true)
    }

    /// Finds a record as [`find`](Self::find) does. Asks before it skips one: `None` also if the
    /// answer is no.
    #[inline]
    pub(crate) fn find_while<S: Consuming>(
        &self,
        side: &S,
        mut goes_on: impl FnMut() -> bool,
    ) -> Result<Option<Found>, Bad> {
        loop {
            let position = self.read.get();
            let available = self.produced.get().wrapping_sub(position);
            if available == 0 {
                if self.look(side)? || self.settle::<S>() {
                    continue;
                }
                return Ok(None);
            }
            // "whole".
            let header = side.header(position);
            if header < DISCARD && span_of(header) <= available {
                return Ok(Some(Found { position, len: header }));
            }
            if header & BUSY != 0 {
                if self.settle::<S>() {
                    continue;
                }
                return Ok(None);
            }
            let len = header & !DISCARD;
            if span_of(len) > available {
                return Err(Bad::Length { position, len, available });
            }
            if !goes_on() {
                return Ok(None);
            }
            let in_use = self.in_use();
            self.pass(position, len);
            if !in_use {
                self.release(side);
            }
        }
    }

    /// Gives the next committed record out. `at` is that of the call before, if one walk made both.
    #[inline]
    pub(crate) fn next<S: Consuming>(&self, side: &S, at: &mut At) -> Result<Option<Found>, Bad> {
        let At { read, produced } = *at;
        let available = produced.wrapping_sub(read);
        if available != 0 {
            // "whole".
            let header = side.header(read);
            if header < DISCARD && span_of(header) <= available {
                let found = Found { position: read, len: header };
                at.read = self.give(found);
                return Ok(Some(found));
            }
        }
        let found = self.find(side)?;
        let read = found.map_or_else(|| self.read.get(), |found| self.give(found));
        *at = At { read, produced: self.produced.get() };
        Ok(found)
    }

    /// Counts the record at `read` as in use, and returns the position after it.
    #[inline]
    fn give(&self, Found { position, len }: Found) -> u64 {
        if self.published.get() != position {
            self.used.set(self.used.get() + 1);
        }
        let read = position.wrapping_add(span_of(len));
        self.read.set(read);
        read
    }

    /// Gives out all committed records, one after the other, and returns how many there were. Each
    /// is released when `each` returns, or panics.
    ///
    /// It takes the steps of `next` and `done` with the position at hand, and stores it once a run.
    #[inline]
    pub(crate) fn each<S: Consuming>(&self, side: &S, mut each: impl FnMut(Found)) -> Result<usize, Bad> {
        let mut count = 0;
        while let Some(first) = self.find(side)? {
            let produced = self.produced.get();
            let mut run = Run { walk: self, side, read: first.position };
            let mut found = first;
            loop {
                run.read = found.position.wrapping_add(span_of(found.len));
                each(found);
                count += 1;
                // "room".
                if !side.publish(run.read) {
                    return Ok(count);
                }
                let available = produced.wrapping_sub(run.read);
                if available == 0 {
                    break;
                }
                // "whole".
                let header = side.header(run.read);
                if header >= DISCARD || span_of(header) > available {
                    // Not one to give out: `find` says what it is.
                    break;
                }
                found = Found { position: run.read, len: header };
            }
        }
        Ok(count)
    }

    /// Puts a record back that was given out. With the last one in use, its place is released.
    /// Returns whether the caller is to end the walk again: it ended before that record.
    #[inline]
    pub(crate) fn done<S: Consuming>(&self, side: &S) -> bool {
        let used = self.used.get();
        if used & !ENDED > 0 {
            self.used.set(used - 1);
            return false;
        }
        self.release(side);
        used == ENDED && self.used.replace(0) == ENDED
    }

    /// Ends a walk as [`settle`](Self::settle) does. Records that are in use outlive it.
    pub(crate) fn end<S: Consuming>(&self) {
        self.settle::<S>();
        if self.in_use() {
            self.used.set(self.used.get() | ENDED);
        }
    }

    /// Looks whether there is more after what was published ("wake"), unless that is known. Returns
    /// whether it did.
    pub(crate) fn settle<S: Consuming>(&self) -> bool {
        let published = self.published.get();
        if self.settled.get() == published {
            return false;
        }
        S::fence();
        self.settled.set(published);
        true
    }

    /// Whether a record is in use. Then nothing is published.
    #[inline]
    fn in_use(&self) -> bool {
        self.published.get() != self.read.get()
    }

    /// The position after the last record that was given out or skipped.
    pub(crate) fn read(&self) -> u64 {
        self.read.get()
    }

    #[inline]
    fn pass(&self, position: u64, len: u32) {
        self.read.set(position.wrapping_add(span_of(len)));
    }

    /// Publishes the reader's position: no record is in use.
    #[inline]
    fn release<S: Consuming>(&self, side: &S) {
        let read = self.read.get();
        if self.published.replace(read) != read {
            // "room".
            side.publish(read);
        }
    }

    /// Looks at the producer's position; returns whether it has moved.
    fn look<S: Consuming>(&self, side: &S) -> Result<bool, Bad> {
        // "place".
        let (consumer, producer) = (self.read.get(), side.producer());
        if !fits(consumer, producer, self.capacity) {
            return Err(Bad::Positions { consumer, producer });
        }
        Ok(self.produced.replace(producer) != producer)
    }
}

/// Records that are given out one after the other, up to a position. Ends also if that panics.
struct Run<'a, S: Consuming> {
    walk: &'a Walk,
    side: &'a S,
    /// After the last record that was given out.
    read: u64,
}

impl<S: Consuming> Drop for Run<'_, S> {
    #[inline]
    fn drop(&mut self) {
        let Self { walk, side, read } = self;
        walk.read.set(*read);
        walk.published.set(*read);
        // Again, in case of a panic.
        side.publish(*read);
    }
}

/// Whether the positions are multiples of 8 and at most the capacity apart.
#[inline]
pub(crate) const fn fits(consumer: u64, producer: u64, capacity: u64) -> bool {
    (consumer | producer).is_multiple_of(8) && producer.wrapping_sub(consumer) <= capacity
}

/// Why there is no place for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// So many bytes are free.
    Full {
        free: u64,
    },
    Bad(Bad),
}

/// Takes the place for a record of `len` bytes at the producer's position, which nobody else
/// changes meanwhile. `room` is how many bytes may be in use of the `capacity`. Returns the new
/// position.
#[inline]
pub(crate) fn reserve<S: Producing>(
    side: &S,
    producer: u64,
    len: u32,
    room: u64,
    capacity: u64,
) -> Result<u64, NoPlace> {
    // "room".
    let consumer = side.consumer();
    if !fits(consumer, producer, capacity) {
        return Err(NoPlace::Bad(Bad::Positions { consumer, producer }));
    }
    let free = room.saturating_sub(producer.wrapping_sub(consumer));
    let span = span_of(len);
    if span > free {
        return Err(NoPlace::Full { free });
    }
    side.begin(producer, len | BUSY);
    let next = producer.wrapping_add(span);
    // "place".
    side.produce(next);
    Ok(next)
}

/// Commits a record, or discards it. Returns whether the reader has to be woken: it may be waiting
/// for this record.
#[inline]
pub(crate) fn commit<S: Producing>(side: &S, position: u64, len: u32, discard: bool) -> bool {
    // "whole".
    side.finish(position, if discard { len | DISCARD } else { len });
    // "wake".
    S::fence();
    side.consumer() == position
}
