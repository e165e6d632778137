//! [`Arena`]: a handle to an arena's memory.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;

use crate::arena::flags::ArenaFlags;
use crate::error::PlaceError;
use crate::mapping::Mapping;
use crate::value::ArenaPtr;

/// Memory in which BPF programs and this process follow the same pointers: up to 4 GiB, sparse.
///
/// It is at the same address in all of them. [`create`](Self::create) makes one in the kernel
/// (Linux 6.9), [`from_map`](Self::from_map) and [`from_pin`](Self::from_pin) open one,
/// [`adopt_map`](Self::adopt_map) takes over a loader's mapping. [`memfd`](Self::memfd) makes one
/// without a kernel map.
///
/// Memory holds pointers as [`ArenaPtr`]. Since BPF programs may store anything, it may be any
/// number. [`get`](Self::get) and its siblings follow one to a place inside the arena, or return an
/// error that says what is wrong with it.
///
/// A clone is another handle to the same memory. Like all handles into it, it is `Send + Sync +
/// 'static` and keeps the memory mapped, but not the object that it was opened for
/// ([Lifetimes](crate::arena#lifetimes), also of forks).
///
/// The first access to a page makes it. Without memory for the page, the access ends in a SIGSEGV
/// or meets the OOM killer. [`prefault`](Self::prefault) makes pages ahead of time: see [When there
/// is no memory](crate::arena#when-there-is-no-memory).
///
/// ```
/// use mapvalue::{Arena, ArenaPtr, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Node {
///     next: ArenaPtr<Node>,
///     value: u64,
/// }
///
/// let arena = Arena::memfd(16)?;
/// let first = arena.get(arena.at::<Node>(64))?;
/// let second = arena.get(arena.at::<Node>(128))?;
/// second.value.store(7);
/// first.next.store(arena.ptr_of(second)?);
/// assert_eq!(arena.get(first.next.load())?.value.load(), 7);
///
/// // A BPF program may store anything: an error, not a crash.
/// first.next.store(ArenaPtr::from_address(0xdead_beef_0000));
/// assert!(arena.get(first.next.load()).is_err());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone)]
pub struct Arena {
    // The fields for following a pointer, side by side.
    /// The address of the first byte, as in the arena's pointers.
    pub(crate) start: u64,
    /// How many bytes can be stored to, if pointers are addresses of this process. It is 0 if the
    /// memory is mapped elsewhere (a memfd), is read-only, or may fault. If it is not 0, the
    /// provenance of the memory is exposed.
    pub(crate) near_writable: u64,
    /// How many bytes can be loaded there.
    pub(crate) near_readable: u64,
    pub(crate) rest: Arc<Rest>,
}

/// The fields that following a pointer does not need.
pub(crate) struct Rest {
    pub(crate) mapping: Arc<Mapping>,
    /// The kernel's map; `None` for a memfd, and if it is not known.
    pub(crate) map: Option<OwnedFd>,
    flags: ArenaFlags,
    /// The difference between a place and the pointer to it: where the arena is mapped here, minus
    /// `start`. It never changes (`Follower::follow` says why it is an atomic). It is not in the
    /// structs that are read in loops, which the compiler could not keep in registers then.
    pub(crate) origin: AtomicPtr<u8>,
}

impl Arena {
    /// Makes the handle to a mapping, all of which is the arena.
    ///
    /// `start` is the arena's address in its own pointers: a multiple of a page, with no multiple
    /// of 4 GiB after it up to the arena's last byte.
    pub(crate) fn new(mapping: Arc<Mapping>, start: u64, map: Option<OwnedFd>, flags: ArenaFlags) -> Self {
        let is_near = mapping.base().as_ptr().expose_provenance() as u64 == start;
        let can_load = is_near && !flags.contains(ArenaFlags::SEGV_ON_FAULT);
        let near_readable = if can_load { mapping.len() as u64 } else { 0 };
        let near_writable = if mapping.is_read_only() { 0 } else { near_readable };
        #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
        let origin = AtomicPtr::new(mapping.base().as_ptr().wrapping_sub(start as usize));
        Self { start, near_writable, near_readable, rest: Arc::new(Rest { mapping, map, flags, origin }) }
    }

    /// Returns the length in bytes: a multiple of a page, at most 4 GiB.
    pub fn len(&self) -> u64 {
        self.rest.mapping.len() as u64
    }

    /// Always returns false: there is no empty arena.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the address of the first byte, as in the arena's pointers.
    ///
    /// A kernel arena is mapped there in every process. Of a memfd it is nominal: the same number
    /// everywhere, wherever a process has mapped it.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Returns the name of the kernel's map (at most 15 characters); empty for a memfd.
    pub fn name(&self) -> &str {
        self.rest.mapping.name()
    }

    /// Returns whether stores are impossible. If so, use [`get_ro`](Self::get_ro),
    /// [`var_ro`](Self::var_ro), [`slice_ro`](Self::slice_ro) and [`read`](Self::read).
    pub fn is_read_only(&self) -> bool {
        self.rest.mapping.is_read_only()
    }

    /// Returns the flags it was created with; none (unknown) if it was adopted without its map.
    pub fn flags(&self) -> ArenaFlags {
        self.rest.flags
    }

    /// Refuses what an arena whose absent pages fault cannot do.
    pub(crate) fn refuse_faults(&self) -> Result<(), PlaceError> {
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return Err(PlaceError::ArenaFaults { map: self.rest.mapping.map_name() });
        }
        Ok(())
    }

    /// Returns the descriptor behind it, for a loader or another process: that of the kernel's map,
    /// or the memfd ([`from_memfd`](Self::from_memfd)). `None` if it was adopted without its map.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.rest.map.as_ref().map(AsFd::as_fd).or_else(|| self.rest.mapping.fd())
    }

    /// Returns the pointer to the byte at `offset`, which may be outside: following it checks that.
    ///
    /// ([`ArenaPtr::offset`] is the low 32 bits of the address, which is another number if the
    /// arena does not start at a multiple of 4 GiB.)
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(1)?;
    /// assert_eq!(arena.at::<u64>(9 * 8).address(), arena.start() + 72);
    /// assert!(arena.get(arena.at::<u64>(1 << 40)).is_err()); // now it shows
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn at<T: ?Sized>(&self, offset: u64) -> ArenaPtr<T> {
        ArenaPtr::from_address(self.start.wrapping_add(offset))
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("name", &self.name())
            .field("start", &format_args!("{:#x}", self.start))
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
