//! The range of addresses that an arena is mapped in.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

use crate::arena::span::{MAX_LEN, Span};
use crate::error::ArenaError;
use crate::sys::poll::Bell;
use crate::sys::process::Process;
use crate::sys::{answer, errno};

/// The first range of 4 GiB that is tried. It is far from programs, their heaps, stacks and
/// libraries on any 64-bit Linux with 47 bits of addresses, so it is most likely free in other
/// processes too. (The kernel's own choice would lie among libraries.)
const FIRST_SLOT: u64 = 0x1000;
/// The number of ranges of 4 GiB to choose from: 16 TiB up to 80 TiB.
const SLOTS: u64 = 0x4000;
/// How many are tried. Nearly all are free; if none is, the process has a limit on its addresses.
const TRIES: u64 = 16;
/// The lowest address that is asked for, as `vm.mmap_min_addr` has it nearly everywhere. The kernel
/// gives those below it to privileged processes alone.
const LOWEST: u64 = 1 << 16;

/// A range of addresses that this crate has mapped. It is unmapped as a whole when dropped.
#[derive(Debug)]
pub(crate) struct AddressRange {
    base: NonNull<u8>,
    len: usize,
    /// The process that has it. A child has nothing there (`MADV_DONTFORK`), or something else.
    owner: Process,
}

// SAFETY: a range of addresses belongs to the process, whichever thread holds it.
unsafe impl Send for AddressRange {}

/// Finds `len` free bytes that begin at a multiple of 4 GiB.
pub(crate) fn find(len: u64) -> Result<Span, ArenaError> {
    let seed = RandomState::new().build_hasher().finish();
    let slot = |try_: u64| FIRST_SLOT + seed.wrapping_add(try_) % SLOTS;
    let mut spans = (0..TRIES).filter_map(|try_| Span::new(slot(try_) * MAX_LEN, len).ok());
    spans.find(|span| check_free(*span).is_ok()).or_else(|| anywhere(len)).ok_or(ArenaError::NoRoom { len })
}

/// Finds a range where the kernel puts a larger one, from a multiple of 4 GiB on.
fn anywhere(len: u64) -> Option<Span> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let more = AddressRange::mmap(0, len + MAX_LEN, libc::PROT_NONE, flags, -1).ok()?;
    Span::new(more.start().checked_next_multiple_of(MAX_LEN)?, len).ok()
}

/// Checks that this process has such addresses (`ENOMEM`), and has nothing there (`EEXIST`).
///
/// It maps nothing, not even for a moment: a child that is forked just then would inherit that. It
/// asks the kernel to map a file there that cannot be mapped, which is refused for that reason only
/// after the address was checked.
pub(crate) fn check_free(span: Span) -> Result<(), i32> {
    if span.start() < LOWEST {
        return Err(libc::ENOMEM);
    }
    match AddressRange::at(span, Bell::new()?.fd().as_fd(), libc::PROT_READ) {
        Err(libc::ENOMEM | libc::EPERM) => Err(libc::ENOMEM),
        Ok(_) | Err(libc::EEXIST) => Err(libc::EEXIST),
        Err(_) => Ok(()),
    }
}

impl AddressRange {
    /// Maps an arena where it has to be; `EEXIST` if something else is there.
    pub(crate) fn at(span: Span, arena: BorrowedFd<'_>, protection: libc::c_int) -> Result<Self, i32> {
        Self::mmap_at(span, arena, protection, libc::MAP_FIXED_NOREPLACE)
    }

    /// The same for a memfd. The address is only a hint, which the kernel follows if it can:
    /// `ThreadSanitizer` does not cope with `MAP_FIXED_NOREPLACE`.
    pub(crate) fn at_hint(span: Span, memfd: BorrowedFd<'_>, protection: libc::c_int) -> Result<Self, i32> {
        Self::mmap_at(span, memfd, protection, 0)
    }

    fn mmap_at(span: Span, fd: BorrowedFd<'_>, protection: libc::c_int, flags: libc::c_int) -> Result<Self, i32> {
        let range = Self::mmap(span.start(), span.len(), protection, libc::MAP_SHARED | flags, fd.as_raw_fd())?;
        // Kernels before 4.17 take each address for a hint.
        if range.start() == span.start() { Ok(range) } else { Err(libc::EEXIST) }
    }

    /// Maps memory. `start` is a hint, or comes with `MAP_FIXED_NOREPLACE`.
    fn mmap(start: u64, len: u64, protection: libc::c_int, flags: libc::c_int, fd: i32) -> Result<Self, i32> {
        let (Ok(start), Ok(len)) = (usize::try_from(start), usize::try_from(len)) else { return Err(libc::ENOMEM) };
        let hint = ptr::without_provenance_mut(start);
        // SAFETY: this replaces no mapping (see above).
        let base = unsafe { libc::mmap(hint, len, protection, flags, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(errno());
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

    /// Keeps the range from children of this process, which Linux 7.0 does by itself: a fork that
    /// has an arena mapped, and unmaps or splits it, left dangling mappings and a use after free in
    /// the kernel of Linux 6.12.
    pub(crate) fn keep_from_children(&self) -> Result<(), i32> {
        // SAFETY: the range is our own mapping, and the advice changes no memory.
        answer(unsafe { libc::madvise(self.base.as_ptr().cast(), self.len, libc::MADV_DONTFORK) }).map(drop)
    }
}

impl Drop for AddressRange {
    fn drop(&mut self) {
        if Process::current() == self.owner {
            // SAFETY: it is all of our own mapping, and whoever had a reference into it held this.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}
