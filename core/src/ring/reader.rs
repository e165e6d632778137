//! [`Ring`]: the reader of a ring buffer that programs fill.

use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bpf;
#[cfg(doc)]
use crate::error::MapError;
use crate::error::{MapName, RingError, SystemError};
use crate::handle::Var;
use crate::ring::claim::{Claim, claim};
use crate::ring::open::{self, OpenRing, Side};
use crate::ring::protocol::{At, Consuming, Walk};
use crate::ring::reading::Reading;
use crate::ring::record::Record;
use crate::ring::twin::Twin;
use crate::ring::words::ReaderWords;
use crate::ring::writer::{RingProducer, Writer};
use crate::sys::poll::{Event, Watch};
use crate::value::ReadOnly;

/// How many discarded records [`Ring::wait`] skips before it looks at the clock.
const SKIPS: u32 = 1024;

/// The reader of a BPF ring buffer: records in the order in which programs reserved them, in place.
///
/// [`from_map`](Self::from_map) opens a `BPF_MAP_TYPE_RINGBUF` (Linux 5.8), [`memfd`](Self::memfd)
/// makes a stand-in without privileges, for tests. [`records`](Self::records) walks over what is
/// there, [`wait`](Self::wait) sleeps until there is something; or give the ring, which is
/// [`AsFd`], to an event loop.
///
/// ```
/// use mapvalue::{MapValue, Ring};
/// use std::time::Duration;
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// struct Event {
///     pid: u32,
///     bytes: u32,
/// }
///
/// # fn open() -> Result<Ring, mapvalue::RingError> {
/// #     let ring = Ring::memfd(65536)?;
/// #     ring.producer()?.send(Event { pid: 7, bytes: 64 })?;
/// #     Ok(ring)
/// # }
/// let mut ring = open()?; // `Ring::from_map(&fd)?`, with any loader's descriptor
/// while ring.wait(Duration::from_millis(100))? {
///     for record in ring.records() {
///         let record = record?;
///         let event = record.view::<Event>()?; // in place
///         println!("{}: {} bytes", event.pid.load(), event.bytes.load());
///     } // each record is released as it is dropped
/// }
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # One reader
///
/// A ring has one reader. This process opens a ring once: a second `Ring` of the same map is an
/// error, until the first is dropped. A forked child cannot use its parent's `Ring`, which fails
/// with [`RingError::Forked`]; it can open one of its own. If another process reads the same ring,
/// the kernel does not mind: both see some records twice, others not at all, or while a program
/// writes over them. The next walk finds the position moved, fails with
/// [`RingError::OtherProcess`], and the one after it goes on from there. Memory stays safe
/// throughout: the bounds of each record are checked.
///
/// # Lag and loss
///
/// A program that finds the ring full loses the record: `bpf_ringbuf_reserve` returns null. Only
/// the program knows, so let it count in a global variable, which a
/// [`DataSection`](crate::DataSection) reads. [`gauge`](Self::gauge) shows how far the reader is
/// behind.
///
/// ```c
/// __u64 lost;
/// ..
/// struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
/// if (!event) {
///         __sync_fetch_and_add(&lost, 1);
///         return 0;
/// }
/// ```
#[doc(alias("ringbuf", "RingBuffer"))]
pub struct Ring {
    reading: Reading,
    source: Source,
    watch: Option<Watch>,
    _claim: Claim,
}

/// What is behind a ring.
enum Source {
    Map(OwnedFd),
    Twin { twin: Arc<Twin>, producer: Option<Arc<Writer>> },
}

/// Constructors.
impl Ring {
    /// Opens a ring buffer, a map of type `BPF_MAP_TYPE_RINGBUF` (Linux 5.8).
    ///
    /// `map` is anything with a descriptor, which is only borrowed: the ring keeps its own. Reading
    /// goes on where the last reader stopped, in whatever process that was.
    ///
    /// It maps the page with the reader's position for writing, and all else for reading. That
    /// needs no capability beyond the descriptor.
    ///
    /// ```no_run
    /// use mapvalue::Ring;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let mut ring = Ring::from_map(&fd)?;
    /// let count = ring.drain(|record| println!("{} bytes", record.len()))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::NotARing`], [`RingError::OpenHere`] if this process reads it already,
    /// [`RingError::Overwrites`] for a map with `BPF_F_RB_OVERWRITE`, [`RingError::NotWritable`] if
    /// the map is frozen or the descriptor was opened with `BPF_F_RDONLY`,
    /// [`MapError::WriteOnlyDescriptor`], [`SystemError::BadDescriptor`], [`MapError::NotAMap`],
    /// [`SystemError::PermissionDenied`], [`SystemError::Os`].
    pub fn from_map(map: impl AsFd) -> Result<Self, RingError> {
        let (fd, info, ring) = open::open(map.as_fd(), Side::Reader)?;
        let claim = claim(info.id.into(), info.name)?;
        Self::new(ring, info.name, Source::Map(fd), claim)
    }

    /// Opens a pinned ring buffer, by its path in a BPF file system (Linux 5.8).
    ///
    /// ```no_run
    /// let ring = mapvalue::Ring::from_pin("/sys/fs/bpf/agent/events")?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, RingError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Opens a ring buffer by the number of its map, [`MapInfo::id`](bpf::MapInfo::id) (Linux 5.8).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, RingError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Makes a ring of `size` bytes without a kernel map and without privileges, for tests. It is a
    /// memfd (Linux 3.17), and [`producer`](Self::producer) stands in for the programs.
    ///
    /// Reader and producer take the same steps as with the kernel's ring. The size is a power of
    /// two and a multiple of a page, as there.
    ///
    /// ```
    /// use mapvalue::Ring;
    ///
    /// let mut ring = Ring::memfd(65536)?;
    /// let producer = ring.producer()?;
    /// std::thread::spawn(move || producer.send(7u64)).join().expect("it does not panic")?;
    /// assert_eq!(ring.records().next().expect("a record")?.load::<u64>()?, 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::Size`], [`SystemError::Os`] for lack of memory or descriptors.
    pub fn memfd(size: usize) -> Result<Self, RingError> {
        let twin = Twin::new(size)?;
        let producer = Some(Arc::new(Writer::of_ring(&twin)?));
        Self::of_twin(twin, producer)
    }

    /// The reader of a twin, with a producer that stands in for programs, or without one.
    pub(crate) fn of_twin(twin: Arc<Twin>, producer: Option<Arc<Writer>>) -> Result<Self, RingError> {
        let claim = claim(twin.number, MapName::NONE)?;
        Self::new(twin.open(Side::Reader)?, MapName::NONE, Source::Twin { twin, producer }, claim)
    }

    fn new(ring: OpenRing, name: MapName, source: Source, claim: Claim) -> Result<Self, RingError> {
        let OpenRing { consumer, rest, page, capacity } = ring;
        let words = ReaderWords::new(&consumer, rest, page, capacity)?;
        let capacity = capacity as u64;
        let walk = Walk::new(capacity, words.consumer());
        let twin = match &source {
            Source::Map(_) => None,
            Source::Twin { twin, .. } => Some(Arc::clone(twin)),
        };
        let reading = Reading { walk, words, capacity, name, twin };
        Ok(Self { reading, source, watch: None, _claim: claim })
    }
}

/// Reading.
impl Ring {
    /// Walks over the records that are there, in place. The walk ends when the ring is empty, or at
    /// a record that is still being written.
    ///
    /// A record is released when it is dropped, so at the latest when the loop goes on. The room
    /// is the producer's at once: records are released one by one, since a program does not wait
    /// for room, but loses its record. If records are kept (`collect`), none is released while
    /// there is one; drop them and walk again before you wait.
    ///
    /// An early `break` loses nothing: the next walk goes on with the next record. Nor does a
    /// panic; the record that was in use counts as read.
    ///
    /// While programs commit records as fast as they are read, the walk goes on.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// let producer = ring.producer()?;
    /// (0..10u64).try_for_each(|number| producer.send(number))?;
    /// for record in ring.records() {
    ///     if record?.load::<u64>()? == 3 {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(ring.records().next().expect("a record")?.load::<u64>()?, 4);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The walk ends with the first error: [`RingError::Forked`] in a child of the process that
    /// opened the ring, [`RingError::OtherProcess`] if another one reads it too,
    /// [`RingError::Positions`] or [`RingError::Length`] if the ring is damaged. (Programs cannot
    /// damage one. Another process can, that writes the reader's position or, on a memfd,
    /// anything.)
    pub fn records(&mut self) -> Records<'_> {
        let failed = self.reading.begin().err();
        Records { walking: Walking(self), at: At::default(), is_over: false, failed }
    }

    /// Calls a function with each record that is there, and returns how many there were.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// ring.producer()?.send(7u32)?;
    /// let mut sum = 0;
    /// let count = ring.drain(|record| sum += record.load::<u32>().unwrap_or(0))?;
    /// assert_eq!((count, sum), (1, 7));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records); the function has then been called with the records before.
    #[inline]
    pub fn drain(&mut self, mut each: impl FnMut(&Record<'_>)) -> Result<usize, RingError> {
        self.reading.begin()?;
        let walk = Walking(self);
        let reading = &walk.0.reading;
        reading.each(|found| {
            // It is released by the walk, not by itself.
            let record = ManuallyDrop::new(Record::new(reading, found));
            each(&record);
        })
    }

    /// Waits until there is a record to read, or the time is over. Returns whether there is one.
    ///
    /// If it is woken without a record, by a signal or for a record that was discarded, it goes on
    /// waiting. A record that a program commits with `BPF_RB_NO_WAKEUP` wakes nobody: it is found
    /// when the time is over, or with the next one. If the time is over while it skips discarded
    /// records, it stops, and the next call goes on there.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// assert!(!ring.wait(Duration::from_millis(1))?);
    /// ring.producer()?.send(7u64)?;
    /// assert!(ring.wait(Duration::MAX)?); // no limit
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records), and [`SystemError::Os`] if there are no more descriptors for
    /// `epoll(7)`.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, RingError> {
        // Without a deadline if it is too far away to be a time.
        let deadline = Instant::now().checked_add(timeout);
        let left = || deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        self.reading.begin()?;
        let mut skipped = 0_u32;
        let mut in_time = || {
            skipped = skipped.wrapping_add(1);
            !skipped.is_multiple_of(SKIPS) || !left().is_zero()
        };
        loop {
            // It has looked again after the reader's position was published ("wake" in `protocol`).
            // So the commit of a record that it does not find wakes the wait below.
            if self.reading.is_ready(&mut in_time)? {
                return Ok(true);
            }
            let left = left();
            if left.is_zero() {
                return Ok(false);
            }
            let failed = |errno| SystemError::Os { operation: "wait for a ring buffer (epoll)", errno };
            if self.watch.is_none() {
                self.watch = Some(Watch::new(self.as_fd(), Event::Readable).map_err(failed)?);
            }
            if let Some(watch) = &self.watch {
                watch.wait(left).map_err(failed)?;
            }
        }
    }
}

/// Accessors.
impl Ring {
    /// Returns the bytes that the ring has for records and their headers of 8 bytes each.
    pub fn capacity(&self) -> u64 {
        self.reading.capacity
    }

    /// Returns the bytes that were reserved and are not released: records with their headers.
    ///
    /// They may hold records that are still being written, or were discarded.
    pub fn available(&self) -> u64 {
        self.gauge().available()
    }

    /// Returns the reader's and the producer's position.
    pub fn positions(&self) -> Positions {
        self.gauge().positions()
    }

    /// Returns a handle that shows how far the reader is behind, for another thread.
    ///
    /// ```
    /// let mut ring = mapvalue::Ring::memfd(65536)?;
    /// let gauge = ring.gauge();
    /// ring.producer()?.send(7u64)?;
    /// assert_eq!(gauge.available(), 16); // a header, and 8 bytes
    /// ring.drain(|_| ())?;
    /// assert_eq!(gauge.available(), 0);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn gauge(&self) -> Gauge {
        Gauge {
            consumer: self.reading.words.consumer.read_only(),
            producer: self.reading.words.producer.clone(),
            capacity: self.reading.capacity,
        }
    }

    /// Returns the map's name in the kernel (15 characters at most); empty for a memfd.
    pub fn name(&self) -> &str {
        self.reading.name.as_str()
    }

    /// Returns the memfd behind the ring, if it is on one.
    ///
    /// It holds a page with the reader's position, a page with the producer's, and the data once.
    /// Tests can map it ([`Mapping::from_memfd`](crate::Mapping::from_memfd)) to damage a ring.
    pub fn memory(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Map(_) => None,
            Source::Twin { twin, .. } => Some(twin.memory()),
        }
    }

    /// Returns the producer of a ring on a memfd, which stands in for the programs.
    ///
    /// All producers of a ring are the same one, whose threads may send at once.
    ///
    /// # Errors
    ///
    /// [`RingError::NoStandIn`] for a map of the kernel's, and for the reader of a
    /// [`UserRing`](crate::UserRing).
    pub fn producer(&self) -> Result<RingProducer, RingError> {
        match &self.source {
            Source::Twin { producer: Some(producer), .. } => Ok(RingProducer::new(Arc::clone(producer))),
            _ => Err(RingError::NoStandIn { map: self.reading.name }),
        }
    }
}

/// Readable while there is a record between the reader's and the producer's position, be it busy.
/// (A memfd's is readable while there is one to read.)
impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Map(fd) => fd.as_fd(),
            Source::Twin { twin, .. } => twin.data.fd().as_fd(),
        }
    }
}

impl AsRawFd for Ring {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("name", &self.reading.name)
            .field("capacity", &self.reading.capacity)
            .field("positions", &self.positions())
            .finish_non_exhaustive()
    }
}

/// A walk, which ends when this is dropped.
struct Walking<'r>(&'r Ring);

impl Drop for Walking<'_> {
    fn drop(&mut self) {
        self.0.reading.end();
    }
}

/// A walk over the records of a ring, from [`Ring::records`].
pub struct Records<'r> {
    walking: Walking<'r>,
    at: At,
    is_over: bool,
    /// Why the walk could not begin.
    failed: Option<RingError>,
}

impl<'r> Iterator for Records<'r> {
    type Item = Result<Record<'r>, RingError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        if self.failed.is_some() {
            self.is_over = true;
            return self.failed.take().map(Err);
        }
        match self.walking.0.reading.next(&mut self.at) {
            Ok(Some(found)) => Some(Ok(Record::new(&self.walking.0.reading, found))),
            Ok(None) => {
                self.is_over = true;
                None
            }
            Err(damaged) => {
                self.is_over = true;
                Some(Err(damaged))
            }
        }
    }
}

impl std::iter::FusedIterator for Records<'_> {}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("ring", self.walking.0).field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

/// The positions of a ring: how many bytes were reserved, and how many released, since it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Positions {
    /// The reader's position: all before it is released.
    pub consumer: u64,
    /// The producer's position: all before it is reserved.
    pub producer: u64,
}

/// Shows how far a reader is behind its ring, from any thread.
///
/// [`Ring::gauge`] makes it. It keeps the ring's memory mapped, and reads two words of it.
#[derive(Clone, Debug)]
pub struct Gauge {
    consumer: Var<u64, ReadOnly>,
    producer: Var<u64, ReadOnly>,
    capacity: u64,
}

impl Gauge {
    /// Returns the bytes of the ring.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Returns the bytes that were reserved and are not released, at most the capacity.
    pub fn available(&self) -> u64 {
        let Positions { consumer, producer } = self.positions();
        producer.wrapping_sub(consumer).min(self.capacity)
    }

    /// Returns both positions. The producer's is at least as far as the reader's.
    pub fn positions(&self) -> Positions {
        // In this order: the reader does not pass the position that is loaded after its own.
        let consumer = self.consumer.load_acquire();
        Positions { consumer, producer: self.producer.load_acquire() }
    }
}
