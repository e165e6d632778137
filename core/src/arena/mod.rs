//! Arenas: memory at one address in this process and in BPF programs, so that pointers in it mean the same to both.

mod ptr;

#[cfg(feature = "std")]
mod memfd;
#[cfg(feature = "std")]
mod place;

#[cfg(feature = "std")]
use std::fmt;
#[cfg(feature = "std")]
use std::os::fd::BorrowedFd;
#[cfg(feature = "std")]
use std::sync::Arc;

#[cfg(feature = "std")]
use crate::Mapping;

pub use ptr::ArenaPtr;

/// Memory in which BPF programs and this process follow the same pointers.
///
/// A clone is another handle to the same memory. It is `Send + Sync + 'static`, as all handles into it are, and each of them keeps the
/// memory mapped.
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
/// let first = arena.get(ArenaPtr::<Node>::from_address(arena.start() + 64))?;
/// let second = arena.get(ArenaPtr::<Node>::from_address(arena.start() + 128))?;
/// second.value.store(7);
/// first.next.store(arena.ptr_of(second)?);
/// assert_eq!(arena.get(first.next.load())?.value.load(), 7);
///
/// // A BPF program may store anything: an error, not a crash.
/// first.next.store(ArenaPtr::from_address(0xdead_beef_0000));
/// assert!(arena.get(first.next.load()).is_err());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[cfg(feature = "std")]
#[derive(Clone)]
pub struct Arena {
    // What following a pointer takes, side by side.
    /// What to add to a pointer in the arena to have its place: where the arena is mapped here, less `start`. 0 for a kernel arena.
    origin: *mut u8,
    /// The address of the first byte, as pointers in the arena have it.
    start: u64,
    /// How many bytes may be stored to: all or, if the memory is read-only or may fault, none.
    writable: u64,
    /// How many bytes may be loaded: all or, if the memory may fault, none.
    readable: u64,
    rest: Arc<Rest>,
}

/// What is not needed to follow a pointer.
#[cfg(feature = "std")]
struct Rest {
    mapping: Arc<Mapping>,
    /// Whether a page that is not there is a SIGSEGV (`BPF_F_SEGV_ON_FAULT`).
    faults: bool,
}

// SAFETY: the memory behind `origin` is that of the `Arc<Mapping>`, which is `Send + Sync` and lives as long; through it only
// references to mirrors are given out, which are `Send + Sync` too (bound of `MapValue::Shared`).
#[cfg(feature = "std")]
unsafe impl Send for Arena {}
// SAFETY: as for `Send`.
#[cfg(feature = "std")]
unsafe impl Sync for Arena {}

#[cfg(feature = "std")]
impl Arena {
    /// The arena in a mapping: all of it.
    ///
    /// `start` is where pointers in it say that it begins: a multiple of a page, with no multiple of 4 GiB after it up to the arena's
    /// last byte.
    #[expect(clippy::cast_possible_truncation, reason = "the targets that this crate accepts have 64 bits")]
    fn new(mapping: Arc<Mapping>, start: u64, faults: bool) -> Self {
        let len = mapping.len() as u64;
        let readable = if faults { 0 } else { len };
        let writable = if mapping.is_read_only() { 0 } else { readable };
        let origin = mapping.base().as_ptr().wrapping_sub(start as usize);
        Self { origin, start, writable, readable, rest: Arc::new(Rest { mapping, faults }) }
    }

    /// Length in bytes: a multiple of a page, at most 4 GiB.
    pub fn len(&self) -> u64 {
        self.rest.mapping.len() as u64
    }

    /// Never true: there is no empty arena.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address of its first byte, as pointers in it have it.
    ///
    /// Of a kernel arena it is where the arena is mapped, in every process. Of a memfd it is nominal: the same number everywhere,
    /// though each process has mapped it elsewhere.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The name of the kernel's map (at most 15 characters); empty for a memfd.
    pub fn name(&self) -> &str {
        self.rest.mapping.name()
    }

    /// Whether stores are impossible. Then there are only [`get_ro`](Self::get_ro), [`var_ro`](Self::var_ro), [`slice_ro`](Self::slice_ro)
    /// and [`read`](Self::read).
    pub fn is_read_only(&self) -> bool {
        self.rest.mapping.is_read_only()
    }

    /// The descriptor behind it, to be handed to another process: the memfd.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.rest.mapping.fd()
    }
}

#[cfg(feature = "std")]
impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("name", &self.name())
            .field("start", &format_args!("{:#x}", self.start))
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
