//! The range of addresses that an arena is mapped in: it is found free, held, and filled with the
//! arena.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

use crate::arena::span::{MAX_LEN, Span};
use crate::error::ArenaError;
use crate::sys::process::Process;

/// The first range of 4 GiB that is tried. It is far from programs, their heaps, stacks and
/// libraries on any 64-bit Linux with 47 bits of addresses, so it is most likely free in other
/// processes too. (The kernel's own choice would lie among libraries.)
const FIRST_SLOT: u64 = 0x1000;
/// The number of ranges of 4 GiB to choose from: 16 TiB up to 80 TiB.
const SLOTS: u64 = 0x4000;
/// How many of them are tried. Nearly all are free; if none of these is, the process has a limit on
/// its addresses.
const TRIES: u64 = 16;

/// A range of addresses that this crate holds or has mapped. It is unmapped as a whole when
/// dropped.
#[derive(Debug)]
pub(crate) struct AddressRange {
    base: NonNull<u8>,
    len: usize,
    /// The process that has it. A forked child has nothing there (`MADV_DONTFORK`), or by now
    /// something else.
    owner: Process,
}

// SAFETY: a range of addresses belongs to the process, whichever thread holds it.
unsafe impl Send for AddressRange {}

impl AddressRange {
    /// Holds `len` free bytes that begin at a multiple of 4 GiB.
    pub(crate) fn find(len: u64) -> Result<Self, ArenaError> {
        let seed = RandomState::new().build_hasher().finish();
        let slot = |try_: u64| FIRST_SLOT + seed.wrapping_add(try_) % SLOTS;
        let found = (0..TRIES).find_map(|try_| Self::hold(Span::new(slot(try_) * MAX_LEN, len).ok()?).ok());
        found.or_else(|| Self::anywhere(len)).ok_or(ArenaError::NoRoom { len })
    }

    /// Holds this range; `EEXIST` if something else is there, or there are no such addresses.
    pub(crate) fn hold(span: Span) -> Result<Self, i32> {
        // The address is a hint, which the kernel follows if it can: ThreadSanitizer does not cope
        // with `MAP_FIXED_NOREPLACE`.
        let range = Self::map(span.start(), span.len())?;
        if range.start() == span.start() { Ok(range) } else { Err(libc::EEXIST) }
    }

    /// Holds a range where the kernel puts a larger one, from a multiple of 4 GiB on.
    fn anywhere(len: u64) -> Option<Self> {
        let more = Self::map(0, len + MAX_LEN).ok()?;
        let start = more.start().checked_next_multiple_of(MAX_LEN)?;
        drop(more);
        // Another thread may have taken it meanwhile, which counts as no free range.
        Self::hold(Span::new(start, len).ok()?).ok()
    }

    /// Maps addresses without memory: they cannot be read or written.
    fn map(start: u64, len: u64) -> Result<Self, i32> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        Self::mmap(start, len, libc::PROT_NONE, flags, -1)
    }

    /// Maps an arena over the range that is held here.
    pub(crate) fn fill(self, arena: BorrowedFd<'_>, protection: libc::c_int) -> Result<Self, i32> {
        let (start, len) = (self.start(), self.len as u64);
        // If this fails, the range may or may not be held still, depending on the kernel. Another
        // thread may have it by then, so it is not unmapped.
        std::mem::forget(self);
        Self::mmap(start, len, protection, libc::MAP_SHARED | libc::MAP_FIXED, arena.as_raw_fd())
    }

    /// Maps an arena where it has to be; `EEXIST` if something else is there.
    pub(crate) fn at(span: Span, arena: BorrowedFd<'_>, protection: libc::c_int) -> Result<Self, i32> {
        let flags = libc::MAP_SHARED | libc::MAP_FIXED_NOREPLACE;
        let range = Self::mmap(span.start(), span.len(), protection, flags, arena.as_raw_fd())?;
        // Kernels before 4.17 take the address for a hint.
        if range.start() == span.start() { Ok(range) } else { Err(libc::EEXIST) }
    }

    /// Maps memory. `start` is a hint, or comes with `MAP_FIXED_NOREPLACE`, or is that of an
    /// `AddressRange` of the same length.
    fn mmap(start: u64, len: u64, protection: libc::c_int, flags: libc::c_int, fd: i32) -> Result<Self, i32> {
        let (Ok(start), Ok(len)) = (usize::try_from(start), usize::try_from(len)) else { return Err(libc::ENOMEM) };
        let hint = ptr::without_provenance_mut(start);
        // SAFETY: this replaces no mapping but that of an `AddressRange`, into which nobody has a
        // reference (see above).
        let base = unsafe { libc::mmap(hint, len, protection, flags, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO));
        }
        let base = NonNull::new(base.cast()).ok_or(libc::EIO)?;
        Ok(Self { base, len, owner: Process::current() })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn start(&self) -> u64 {
        self.base.addr().get() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Keeps the range from children of this process: a fork that has an arena mapped, and unmaps
    /// or splits it, left dangling mappings and a use after free in the kernel of Linux 6.12.
    pub(crate) fn keep_from_children(&self) -> Result<(), i32> {
        // SAFETY: the range is our own mapping, and the advice changes no memory.
        let result = unsafe { libc::madvise(self.base.as_ptr().cast(), self.len, libc::MADV_DONTFORK) };
        if result < 0 { Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)) } else { Ok(()) }
    }
}

impl Drop for AddressRange {
    fn drop(&mut self) {
        if Process::current() == self.owner {
            // SAFETY: the range is our own mapping, all of it, and whoever had a reference into it
            // held the `AddressRange`.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}
