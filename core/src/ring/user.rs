//! [`UserRing`]: the producer of a ring buffer that programs drain.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bpf;
#[cfg(doc)]
use crate::error::{MapError, PlaceError};
use crate::error::{MapName, RingError, SystemError};
use crate::ring::claim::{Claim, claim};
use crate::ring::open::{self, Side};
use crate::ring::protocol::Producing;
use crate::ring::reader::{Positions, Ring};
use crate::ring::twin::Twin;
use crate::ring::writer::{Reserved, Sample, SampleBytes, Writer};
use crate::sys::poll::{Event, Watch};
use crate::sys::process::Process;
use crate::value::{MapValue, Storable};

/// The producer of a user ring buffer, which a program drains with `bpf_user_ringbuf_drain`.
///
/// [`from_map`](Self::from_map) opens a `BPF_MAP_TYPE_USER_RINGBUF` (Linux 6.1),
/// [`memfd`](Self::memfd) makes a stand-in without privileges, for tests. A sample is reserved,
/// filled in place and submitted; many threads can do so at once.
///
/// ```
/// use mapvalue::{MapValue, UserRing};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Order {
///     pid: u32,
///     cpu: u32,
/// }
///
/// let ring = UserRing::memfd(65536)?; // `UserRing::from_map(&fd)?`, with any loader's descriptor
/// ring.send(Order { pid: 7, cpu: 1 })?;
/// let order = ring.reserve::<Order>()?; // or in place
/// order.pid.store(8);
/// order.cpu.store(0);
/// order.submit();
///
/// let mut program = ring.consumer()?; // stands in for a program
/// let mut pids = Vec::new();
/// program.drain(|sample| pids.extend(sample.load::<Order>().map(|order| order.pid)))?;
/// assert_eq!(pids, [7, 8]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # One producer
///
/// The kernel knows one producer of a ring. This process opens a ring once, and a forked child
/// cannot use its parent's handle ([`RingError::Forked`]). If another process fills the same ring,
/// the next reservation finds the position moved, and fails with [`RingError::OtherProcess`];
/// samples may be damaged then, and a program that drains them gets an error for the ring.
///
/// # A producer that dies
///
/// The program reads samples in the order in which they were reserved, and stops at one that is
/// neither submitted nor discarded: `bpf_user_ringbuf_drain` returns the number of those before it.
/// A process that ends between the two leaves such a sample for good, and what is sent after it is
/// not read. [`discard_abandoned`](Self::discard_abandoned) gives its place up. A thread that
/// panics does so by itself: a sample is discarded when it is dropped.
#[doc(alias("user_ringbuf", "UserRingBuffer"))]
pub struct UserRing {
    writer: Writer,
    name: MapName,
    source: Source,
    /// The producer's position when it was opened.
    opened_at: u64,
    owner: Process,
    _claim: Option<Claim>,
}

/// What is behind a user ring.
enum Source {
    Map(OwnedFd),
    Twin(Arc<Twin>),
}

/// Constructors.
impl UserRing {
    /// Opens a user ring buffer, a map of type `BPF_MAP_TYPE_USER_RINGBUF` (Linux 6.1).
    ///
    /// `map` is anything with a descriptor, which is only borrowed: the ring keeps its own. It maps
    /// the page with the reader's position for reading, and all else for writing. That needs no
    /// capability beyond the descriptor.
    ///
    /// ```no_run
    /// use mapvalue::UserRing;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let orders = UserRing::from_map(&fd)?;
    /// orders.send([7u32, 1])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RingError::NotARing`], [`RingError::OpenHere`] if this process has it open already,
    /// [`RingError::NotWritable`] if the map is frozen or the descriptor was opened with
    /// `BPF_F_RDONLY`, [`MapError::WriteOnlyDescriptor`], [`SystemError::BadDescriptor`],
    /// [`MapError::NotAMap`], [`SystemError::PermissionDenied`], [`SystemError::Os`].
    pub fn from_map(map: impl AsFd) -> Result<Self, RingError> {
        let (fd, info, ring) = open::open(map.as_fd(), Side::Producer)?;
        let claim = claim(info.id.into(), info.name)?;
        Ok(Self::new(Writer::of_user_ring(ring, info.name, None)?, Source::Map(fd), Some(claim)))
    }

    /// Opens a pinned user ring buffer, by its path in a BPF file system (Linux 6.1).
    ///
    /// ```no_run
    /// let orders = mapvalue::UserRing::from_pin("/sys/fs/bpf/agent/orders")?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, RingError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Opens a user ring buffer by the number of its map, [`MapInfo::id`](bpf::MapInfo::id)
    /// (Linux 6.1).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, RingError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Makes a user ring of `size` bytes without a kernel map and without privileges, for tests. It
    /// is a memfd (Linux 3.17), and [`consumer`](Self::consumer) stands in for the program.
    ///
    /// The size is a power of two and a multiple of a page, as in the kernel.
    ///
    /// # Errors
    ///
    /// [`RingError::Size`], [`SystemError::Os`] for lack of memory or descriptors.
    pub fn memfd(size: usize) -> Result<Self, RingError> {
        let twin = Twin::new(size)?;
        let writer = Writer::of_user_ring(twin.open(Side::Producer)?, MapName::NONE, Some(Arc::clone(&twin)))?;
        Ok(Self::new(writer, Source::Twin(twin), None))
    }

    fn new(writer: Writer, source: Source, claim: Option<Claim>) -> Self {
        let (opened_at, name) = (writer.position(), writer.name());
        Self { writer, name, source, opened_at, owner: Process::current(), _claim: claim }
    }
}

/// Sending.
impl UserRing {
    /// Reserves the place for one `T`, to be filled in place.
    ///
    /// # Errors
    ///
    /// [`RingError::Full`] if there is no room now, [`RingError::TooLong`] if there never is,
    /// [`RingError::Forked`], [`RingError::OtherProcess`], [`RingError::Positions`] if the ring is
    /// damaged, [`PlaceError::ZeroSized`].
    #[inline]
    pub fn reserve<T: MapValue>(&self) -> Result<Sample<'_, T>, RingError> {
        self.place(T::LAYOUT.size())?.typed()
    }

    /// Reserves the place for some bytes, to be filled in place.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    #[inline]
    pub fn reserve_bytes(&self, len: usize) -> Result<SampleBytes<'_>, RingError> {
        Ok(self.place(len)?.bytes())
    }

    /// Reserves the place for one `T`, and waits for room until the time is over.
    ///
    /// The kernel wakes those who wait when a program has drained samples, unless the program asked
    /// for `BPF_RB_NO_WAKEUP`.
    ///
    /// ```
    /// use mapvalue::RingError;
    /// use std::time::Duration;
    ///
    /// let ring = mapvalue::UserRing::memfd(65536)?;
    /// while ring.send([0u64; 64]).is_ok() {}
    /// let waited = ring.reserve_within::<[u64; 64]>(Duration::from_millis(1));
    /// assert!(matches!(waited, Err(RingError::Full { .. })));
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve), with [`RingError::Full`] when the time is over;
    /// [`SystemError::Os`] if there are no more descriptors for `epoll(7)`.
    pub fn reserve_within<T: MapValue>(&self, timeout: Duration) -> Result<Sample<'_, T>, RingError> {
        self.place_within(T::LAYOUT.size(), timeout)?.typed()
    }

    /// Reserves the place for some bytes, and waits for room as
    /// [`reserve_within`](Self::reserve_within) does.
    ///
    /// # Errors
    ///
    /// As [`reserve_within`](Self::reserve_within).
    pub fn reserve_bytes_within(&self, len: usize, timeout: Duration) -> Result<SampleBytes<'_>, RingError> {
        Ok(self.place_within(len, timeout)?.bytes())
    }

    /// Sends a value: reserves its place, stores it there and submits it.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    #[inline]
    pub fn send<T: Storable>(&self, value: T) -> Result<(), RingError> {
        let sample = self.reserve::<T>()?;
        sample.store(value);
        sample.submit();
        Ok(())
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<(), RingError> {
        let sample = self.reserve_bytes(bytes.len())?;
        sample.write_at(0, bytes)?;
        sample.submit();
        Ok(())
    }

    /// Discards the samples that a process left behind which ended, or dropped its handle, before
    /// it submitted them. Returns how many there were.
    ///
    /// They are those from before this handle was opened. No other process may be filling the ring
    /// meanwhile: its samples would be discarded under its hands.
    ///
    /// # Errors
    ///
    /// [`RingError::Forked`], [`RingError::Positions`] or [`RingError::Length`] if the ring is
    /// damaged.
    pub fn discard_abandoned(&self) -> Result<usize, RingError> {
        self.check_process()?;
        self.writer.discard_busy(self.opened_at)
    }

    #[inline]
    fn place(&self, len: usize) -> Result<Reserved<'_>, RingError> {
        self.check_process()?;
        self.writer.reserve(len)
    }

    fn place_within(&self, len: usize, timeout: Duration) -> Result<Reserved<'_>, RingError> {
        let first = self.place(len);
        if !matches!(first, Err(RingError::Full { .. })) {
            return first;
        }
        // Without a deadline if it is too far away to be a time.
        let deadline = Instant::now().checked_add(timeout);
        let failed = |errno| SystemError::Os { operation: "wait for room in a ring buffer (epoll)", errno };
        let event = match &self.source {
            Source::Map(_) => Event::Writable,
            Source::Twin(_) => Event::Readable,
        };
        // Each thread that waits has its own, since a wakeup ends one wait of each.
        let watch = Watch::new(self.as_fd(), event).map_err(failed)?;
        loop {
            match self.place(len) {
                Err(RingError::Full { .. }) => {}
                reserved => return reserved,
            }
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return self.place(len);
            }
            watch.wait(left).map_err(failed)?;
        }
    }

    #[inline]
    fn check_process(&self) -> Result<(), RingError> {
        if Process::current() == self.owner { Ok(()) } else { Err(RingError::Forked { map: self.name }) }
    }
}

/// Accessors.
impl UserRing {
    /// Returns the bytes that the ring has for samples and their headers of 8 bytes each.
    pub fn capacity(&self) -> u64 {
        self.writer.capacity()
    }

    /// Returns the length of the longest sample that the ring takes: the capacity less a header,
    /// and at most 16 MiB less a byte, which is as much as the kernel reads.
    pub fn longest(&self) -> usize {
        self.writer.max()
    }

    /// Returns the bytes of the samples, with their headers, that the program has not drained yet.
    pub fn pending(&self) -> u64 {
        let Positions { consumer, producer } = self.positions();
        producer.wrapping_sub(consumer).min(self.capacity())
    }

    /// Returns the reader's and the producer's position.
    pub fn positions(&self) -> Positions {
        let words = self.writer.words();
        let consumer = Producing::consumer(words);
        Positions { consumer, producer: words.producer.load_acquire() }
    }

    /// Returns the map's name in the kernel (15 characters at most); empty for a memfd.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Returns the memfd behind the ring, if it is on one: see [`Ring::memory`].
    pub fn memory(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Map(_) => None,
            Source::Twin(twin) => Some(twin.memory()),
        }
    }

    /// Returns the reader of a user ring on a memfd, which stands in for the program.
    ///
    /// # Errors
    ///
    /// [`RingError::NoStandIn`] for a map of the kernel's, [`RingError::OpenHere`] if there is one.
    pub fn consumer(&self) -> Result<Ring, RingError> {
        match &self.source {
            Source::Twin(twin) => Ring::of_twin(Arc::clone(twin), None),
            Source::Map(_) => Err(RingError::NoStandIn { map: self.name }),
        }
    }
}

/// Writable while the ring is not full. (A memfd's is readable once samples were drained.)
impl AsFd for UserRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Map(fd) => fd.as_fd(),
            Source::Twin(twin) => twin.room.fd().as_fd(),
        }
    }
}

impl AsRawFd for UserRing {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for UserRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRing")
            .field("name", &self.name())
            .field("capacity", &self.capacity())
            .field("positions", &self.positions())
            .finish_non_exhaustive()
    }
}
