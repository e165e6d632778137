//! [`Writer`]: the producer's side of a ring, and the samples that it reserves.

use std::any::type_name;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(doc)]
use crate::error::PlaceError;
use crate::error::{MapName, RingError};
use crate::mapping::place::check_sliceable;
use crate::ring::open::{OpenRing, Side};
use crate::ring::protocol::{self, BUSY, DISCARD, NoPlace, Producing, span_of};
use crate::ring::reading::damaged;
use crate::ring::twin::Twin;
use crate::ring::words::WriterWords;
use crate::sys::lock::ProcessLock;
use crate::sys::process::Process;
use crate::value::{MapValue, ReadWrite, Storable};

/// The longest sample that the kernel reads: the size of a `bpf_dynptr` has 24 bits
/// (`DYNPTR_MAX_SIZE` in include/linux/bpf.h). It would refuse a longer one for good.
const MAX_SAMPLE: usize = (1 << 24) - 1;
/// The longest record that a header can tell.
const MAX_RECORD: usize = (1 << 30) - 1;

/// The producer's side of a ring.
///
/// The kernel's programs reserve under a lock, since a header must be busy before the position
/// that gives it out is stored, and the next header lies where the last record ends. So it is here:
/// the lock is held for the two stores, never while a sample is filled.
pub(crate) struct Writer {
    words: WriterWords,
    lock: ProcessLock,
    /// The producer's position as it was left here. Guarded by the lock.
    position: AtomicU64,
    /// How many bytes may be in use.
    room: u64,
    capacity: u64,
    /// The longest record.
    max: usize,
    name: MapName,
    twin: Option<Arc<Twin>>,
}

impl Writer {
    /// The producer of a user ring.
    pub(crate) fn of_user_ring(ring: OpenRing, name: MapName, twin: Option<Arc<Twin>>) -> Result<Self, RingError> {
        let capacity = ring.capacity;
        Self::new(ring, name, twin, capacity, (capacity - 8).min(MAX_SAMPLE))
    }

    /// The producer of a ring, in place of the kernel's programs.
    pub(crate) fn of_ring(twin: &Arc<Twin>) -> Result<Self, RingError> {
        let ring = twin.open(Side::Producer)?;
        // The kernel does not fill the last 8 bytes (`bpf_ringbuf_has_space`).
        let room = ring.capacity - 8;
        Self::new(ring, MapName::NONE, Some(Arc::clone(twin)), room, (room - 8).min(MAX_RECORD))
    }

    fn new(ring: OpenRing, name: MapName, twin: Option<Arc<Twin>>, room: usize, max: usize) -> Result<Self, RingError> {
        let OpenRing { consumer, rest, page, capacity } = ring;
        let words = WriterWords::new(&consumer, rest, page, capacity)?;
        let position = AtomicU64::new(words.producer.load());
        let (room, capacity) = (room as u64, capacity as u64);
        Ok(Self { words, lock: ProcessLock::new(), position, room, capacity, max, name, twin })
    }

    pub(crate) fn words(&self) -> &WriterWords {
        &self.words
    }

    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    pub(crate) fn name(&self) -> MapName {
        self.name
    }

    /// The position up to which samples were reserved here.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// Reserves the place for a record.
    #[inline]
    pub(crate) fn reserve(&self, len: usize) -> Result<Reserved<'_>, RingError> {
        let short = match u32::try_from(len) {
            Ok(short) if len <= self.max => short,
            _ => return Err(RingError::TooLong { map: self.name, len, max: self.max }),
        };
        let turn = self.lock.wait();
        let (position, found) = (self.position.load(Ordering::Relaxed), self.words.producer.load());
        if position != found {
            self.position.store(found, Ordering::Relaxed);
            drop(turn);
            let whose = "producer's";
            return Err(RingError::OtherProcess { map: self.name, whose, expected: position, found });
        }
        let reserved = protocol::reserve(&self.words, position, short, self.room, self.capacity);
        if let Ok(next) = reserved {
            self.position.store(next, Ordering::Relaxed);
        }
        drop(turn);
        match reserved {
            Ok(_) => Ok(Reserved { writer: self, position, len: short, owner: Process::current() }),
            Err(no) => Err(self.no_place(no, short)),
        }
    }

    #[cold]
    fn no_place(&self, no: NoPlace, len: u32) -> RingError {
        match no {
            NoPlace::Full { free } => RingError::Full { map: self.name, len: len as usize, span: span_of(len), free },
            NoPlace::Bad(bad) => damaged(bad, self.name, self.capacity),
        }
    }

    /// Discards the samples before `end` that are busy: those of a producer that is gone. Returns
    /// how many there were.
    pub(crate) fn discard_busy(&self, end: u64) -> Result<usize, RingError> {
        // So that no place is given out again meanwhile.
        let _turn = self.lock.wait();
        let mut position = Producing::consumer(&self.words);
        let mut discarded = 0;
        let distance = end.wrapping_sub(position);
        if distance > self.capacity {
            // The reader has passed `end`.
            return Ok(0);
        }
        if !protocol::fits(position, end, self.capacity) {
            let bad = protocol::Bad::Positions { consumer: position, producer: end };
            return Err(damaged(bad, self.name, self.capacity));
        }
        while position != end {
            let header = self.words.header(position);
            let len = header & !(BUSY | DISCARD);
            let available = end.wrapping_sub(position);
            if span_of(len) > available {
                let bad = protocol::Bad::Length { position, len, available };
                return Err(damaged(bad, self.name, self.capacity));
            }
            if header & BUSY != 0 {
                self.commit(position, len, true);
                discarded += 1;
            }
            position = position.wrapping_add(span_of(len));
        }
        Ok(discarded)
    }

    #[inline]
    fn commit(&self, position: u64, len: u32, discard: bool) {
        let wakes = protocol::commit(&self.words, position, len, discard);
        if let Some(twin) = self.twin.as_ref().filter(|_| wakes) {
            twin.data.ring();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("name", &self.name)
            .field("capacity", &self.capacity)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

/// A place in a ring that is being filled: discarded when dropped.
pub(crate) struct Reserved<'w> {
    writer: &'w Writer,
    position: u64,
    len: u32,
    /// The process that has reserved it. A forked child has a copy, but the place is its parent's.
    owner: Process,
}

impl<'w> Reserved<'w> {
    #[inline]
    fn place<T: MapValue>(&self, offset: usize, bytes: usize) -> Result<NonNull<T::Shared<ReadWrite>>, RingError> {
        self.inside(offset, bytes)?;
        Ok(self.writer.words.data.place::<T>(self.position, offset, bytes)?)
    }

    #[inline]
    fn inside(&self, offset: usize, size: usize) -> Result<(), RingError> {
        let len = self.len as usize;
        match offset.checked_add(size) {
            Some(end) if end <= len => Ok(()),
            _ => Err(RingError::OutOfRecord { offset, size, len }),
        }
    }

    fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), RingError> {
        self.inside(offset, bytes.len())?;
        Ok(self.writer.words.data.store(self.position, offset, bytes)?)
    }

    #[inline]
    fn submit(self) {
        self.finish(false);
        mem::forget(self);
    }

    #[inline]
    fn finish(&self, discard: bool) {
        if Process::current() == self.owner {
            self.writer.commit(self.position, self.len, discard);
        }
    }

    /// Makes a sample of one `T`, which has the length of the place.
    #[inline]
    pub(crate) fn typed<T: MapValue>(self) -> Result<Sample<'w, T>, RingError> {
        let place = self.place::<T>(0, T::LAYOUT.size())?;
        Ok(Sample { place, reserved: self })
    }

    pub(crate) fn bytes(self) -> SampleBytes<'w> {
        SampleBytes { reserved: self }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.finish(true);
    }
}

/// A value that is being written to a ring, in place. Dropping it discards it.
///
/// It dereferences to the mirror of `T`, whose fields hold what was in the ring before: store each
/// one, or the whole value with [`store`](Self::store).
///
/// ```
/// use mapvalue::{MapValue, UserRing};
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// struct Order {
///     pid: u32,
///     cpu: u32,
/// }
///
/// let ring = UserRing::memfd(65536)?;
/// let order = ring.reserve::<Order>()?;
/// order.pid.store(7);
/// order.cpu.store(1);
/// order.submit();
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[must_use = "it is discarded when dropped: `submit` it"]
pub struct Sample<'w, T: MapValue> {
    place: NonNull<T::Shared<ReadWrite>>,
    reserved: Reserved<'w>,
}

// SAFETY: `Reserved` borrows the writer, which is `Sync` and keeps alive the memory that the
// pointer leads to. Only `&T::Shared` is made of the pointer, which is `Send + Sync`.
unsafe impl<T: MapValue> Send for Sample<'_, T> {}
// SAFETY: as for `Send`.
unsafe impl<T: MapValue> Sync for Sample<'_, T> {}

impl<T: MapValue> Sample<'_, T> {
    /// Stores the whole value, leaf by leaf. Padding keeps what was there.
    #[inline]
    pub fn store(&self, value: T)
    where
        T: Storable,
    {
        T::__store(self, &value);
    }

    /// Gives the sample to the reader. (A forked child's copy of a sample does nothing: it is its
    /// parent's to submit.)
    #[inline]
    pub fn submit(self) {
        self.reserved.submit();
    }

    /// Gives the place up: the reader skips it.
    pub fn discard(self) {}
}

impl<T: MapValue> Deref for Sample<'_, T> {
    type Target = T::Shared<ReadWrite>;

    #[inline]
    fn deref(&self) -> &T::Shared<ReadWrite> {
        // SAFETY: `typed` has checked the place for a `T`, of which any bits are a valid mirror.
        // The writer keeps it mapped. Others reach it as threads do, by atomic accesses.
        unsafe { self.place.as_ref() }
    }
}

impl<T: MapValue> fmt::Debug for Sample<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("type", &type_name::<T>())
            .field("position", &self.reserved.position)
            .finish_non_exhaustive()
    }
}

/// Bytes that are being written to a ring, in place. Dropping them discards them.
///
/// They hold what was in the ring before: write each one.
///
/// ```
/// let ring = mapvalue::UserRing::memfd(65536)?;
/// let text = ring.reserve_bytes(9)?;
/// text.view_at::<u32>(0)?.store(5); // a struct, and a tail of 5 bytes
/// text.write_at(4, b"hello")?;
/// text.submit();
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[must_use = "they are discarded when dropped: `submit` them"]
pub struct SampleBytes<'w> {
    reserved: Reserved<'w>,
}

impl SampleBytes<'_> {
    /// Returns the length in bytes.
    pub fn len(&self) -> usize {
        self.reserved.len as usize
    }

    /// Returns whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.reserved.len == 0
    }

    /// Returns the mirror of a `T` at an offset.
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`], [`PlaceError::Misaligned`], [`PlaceError::ZeroSized`].
    pub fn view_at<T: MapValue>(&self, offset: usize) -> Result<&T::Shared<ReadWrite>, RingError> {
        let place = self.reserved.place::<T>(offset, T::LAYOUT.size())?;
        // SAFETY: as in `Sample::deref`; `place` has checked it.
        Ok(unsafe { place.as_ref() })
    }

    /// Returns the mirrors of `len` values of type `T`, side by side from an offset on.
    ///
    /// # Errors
    ///
    /// As [`view_at`](Self::view_at), and [`PlaceError::Unsliceable`].
    pub fn slice_at<T: MapValue>(&self, offset: usize, len: usize) -> Result<&[T::Shared<ReadWrite>], RingError> {
        check_sliceable::<T>()?;
        let first = self.reserved.place::<T>(offset, T::LAYOUT.size().saturating_mul(len))?;
        // SAFETY: as in `Sample::deref`, for `len` mirrors, all of them aligned (checked above).
        Ok(unsafe { slice::from_raw_parts(first.as_ptr(), len) })
    }

    /// Copies bytes in, from an offset on.
    ///
    /// # Errors
    ///
    /// [`RingError::OutOfRecord`]; nothing is written then.
    pub fn write_at(&self, offset: usize, bytes: &[u8]) -> Result<(), RingError> {
        self.reserved.write_at(offset, bytes)
    }

    /// Gives the sample to the reader.
    pub fn submit(self) {
        self.reserved.submit();
    }

    /// Gives the place up: the reader skips it.
    pub fn discard(self) {}
}

impl fmt::Debug for SampleBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleBytes")
            .field("position", &self.reserved.position)
            .field("len", &self.reserved.len)
            .finish_non_exhaustive()
    }
}

/// Fills a ring on a memfd in place of the kernel's programs: for tests.
///
/// [`Ring::producer`](crate::Ring::producer) returns it. A full ring loses the record, as a
/// program's does, so there is no waiting for room.
///
/// A forked child may use it, too, as long as its parent does not: two processes cannot fill a ring
/// at once.
#[derive(Clone, Debug)]
pub struct RingProducer {
    writer: Arc<Writer>,
}

impl RingProducer {
    pub(crate) fn new(writer: Arc<Writer>) -> Self {
        Self { writer }
    }

    /// Reserves a record of one `T` (`bpf_ringbuf_reserve`), to be filled in place.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`], [`RingError::TooLong`], [`RingError::OtherProcess`],
    /// [`RingError::Positions`], [`PlaceError::ZeroSized`].
    pub fn reserve<T: MapValue>(&self) -> Result<Sample<'_, T>, RingError> {
        self.writer.reserve(T::LAYOUT.size())?.typed()
    }

    /// Reserves a record of some bytes (`bpf_ringbuf_reserve`), to be filled in place.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn reserve_bytes(&self, len: usize) -> Result<SampleBytes<'_>, RingError> {
        Ok(self.writer.reserve(len)?.bytes())
    }

    /// Commits a record of one value.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn send<T: Storable>(&self, value: T) -> Result<(), RingError> {
        let sample = self.reserve::<T>()?;
        sample.store(value);
        sample.submit();
        Ok(())
    }

    /// Commits a record of these bytes (`bpf_ringbuf_output`).
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn output(&self, bytes: &[u8]) -> Result<(), RingError> {
        let sample = self.reserve_bytes(bytes.len())?;
        sample.write_at(0, bytes)?;
        sample.submit();
        Ok(())
    }
}
