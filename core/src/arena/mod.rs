//! Arenas: memory at one address in this process and in BPF programs, so that pointers in it mean the same to both.
//!
//! An arena (`BPF_MAP_TYPE_ARENA`, Linux 6.9; kernel/bpf/arena.c) is up to 4 GiB of sparse memory. A BPF program allocates
//! in it, and follows pointers in it, as C does; whoever maps the arena follows the same pointers. [`Arena`] maps it, and turns the
//! pointers, which may be any number, into places.
//!
//! # Pointers
//!
//! Memory holds 8-byte addresses, [`ArenaPtr`]. All processes map an arena at the same address, and it never crosses a multiple of 4
//! GiB: so the low 32 bits, which are all that BPF programs use, tell the place, and all addresses in it have the same high 32 bits.
//! [`Arena::get`] takes the full address, or the low 32 bits alone. Every other number is an error that says what is wrong with it.
//!
//! (A memfd is mapped anywhere; pointers in it count from a nominal address, [`Arena::start`].)
//!
//! # Lifetimes
//!
//! Handles keep the mapping, and the mapping keeps the kernel's map with its data. What handles do not keep is the *object* that a pointer
//! led to: like a place in an array map, it can be used for something else by whoever allocates there. A handle to it then shows
//! that something else, and never memory of another kind: also when its page is freed, since the next access makes a new
//! page of zeros. Where that must be noticed, an object needs a generation number that is checked after its use.
//!
//! A child process that was forked has no mapping of a kernel arena (`MADV_DONTFORK`): it opens the arena again, by its descriptor. Of a memfd it has
//! the same mapping as its parent.
//!
//! # When there is no memory
//!
//! The first access to a page, and the first after it was freed, makes the page. **If that fails, the access ends the process**, as with
//! all memory that is made on demand, whichever function of this crate it is in. Pages of a kernel arena are charged to the memory cgroup of the
//! process that *created* it, also when that is gone. While that cgroup is full (measured on Linux 6.18):
//!
//! - a process of another cgroup that touches a new page gets SIGSEGV;
//! - a process of the same cgroup meets the OOM killer, as it does with every new page of a memfd;
//! - [`Arena::prefault`] is an error (`EFAULT`), and so is [`Pages::alloc`].
//!
//! So who cannot afford to be ended makes the pages ahead of time, by [`Arena::prefault`], which returns an error instead. They then stay until a
//! BPF program or [`Pages::free`] frees them.
//!
//! # Costs
//!
//! To follow a pointer costs an alignment test and two comparisons, none of which the next load waits for: a list is walked at the speed
//! of raw pointers, also where it is in the cache. Two kinds of pointers cost a call, 2 to 3 nanoseconds: the low 32 bits
//! alone, and those in a memfd that is not mapped at their address (as the first of a process is). Making a page, at its first access, costs 2 to
//! 3 microseconds ([`Arena::prefault`] does it ahead of time), opening an arena 20 to 30, and no page. An arena of 4 GiB costs no more
//! than a small one.
//!
//! A walk over an [`ArenaList`] takes as long as one by raw pointers (1.00 to 1.05 times, measured on x86-64), wherever it is mapped. A lookup in
//! an [`ArenaHashMap`] takes 1.1 times as long as in C where the table is far larger than the caches, and 1.4 times (0.9 ns more) where all
//! of it is in the first one.
//!
//! # Lists and tables
//!
//! [`ArenaList`] and [`ArenaHashMap`] are structures whose layout both sides know: a program that includes `mapvalue/arena.bpf.h`
//! ([`INCLUDE_DIR`](crate::INCLUDE_DIR)) builds, walks and changes the same ones, and so do the kernel's own test programs. One writer at a
//! time, on whichever side; any number of readers beside it. Whatever is in memory, a walk stays inside of the arena and ends.
//!
//! Each page must be there before a program writes to it ([`Arena::prefault`]): what it stores to an absent one is lost without a word,
//! and a list with it.
//!
//! ```c
//! #include <mapvalue/arena.bpf.h>
//!
//! struct number { struct mv_list_node node; __u64 value; };           // `ListEntry<u64>`
//! MV_TABLE_OF_INTS(packets, __u32, __u64, mv_hash_u32);               // the elements of an `ArenaHashMap<u32, u64>`
//!
//! mv_list_add_head(&number->node, head);                              // `ArenaList::push_front`
//! struct packets mv_arena *found = packets_find(table, address);      // `ArenaHashMap::get`
//! ```
//!
//! # Example
//!
//! A stack, as a BPF program would build it with an atomic exchange; here on a memfd, which needs no kernel map and no privilege.
//!
//! ```
//! use mapvalue::{Arena, ArenaPtr, Error, MapValue, Shared};
//!
//! #[derive(MapValue)]
//! #[repr(C)]
//! struct Job {
//!     next: ArenaPtr<Job>,
//!     id: u64,
//! }
//!
//! fn push(arena: &Arena, top: &Shared<ArenaPtr<Job>>, job: ArenaPtr<Job>) -> Result<(), Error> {
//!     let mut below = top.load();
//!     loop {
//!         arena.get(job)?.next.store(below);
//!         match top.compare_exchange(below, job) {
//!             Ok(_) => return Ok(()),
//!             Err(found) => below = found,
//!         }
//!     }
//! }
//!
//! let arena = Arena::memfd(4)?;
//! let top = arena.get(arena.at::<ArenaPtr<Job>>(0))?;
//! for id in 1..=3 {
//!     let job = arena.at::<Job>(64 * id);
//!     arena.get(job)?.id.store(id);
//!     push(&arena, top, job)?;
//! }
//!
//! // Another process, to which the same pointers mean the same places.
//! let there = Arena::from_memfd(arena.fd().expect("a memfd"))?;
//! let mut next = there.get(there.at::<ArenaPtr<Job>>(0))?.load();
//! let mut ids = Vec::new();
//! while !next.is_null() && ids.len() < 10 {
//!     let job = there.get(next)?;
//!     ids.push(job.id.load());
//!     next = job.next.load();
//! }
//! assert_eq!(ids, [3, 2, 1]);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Modules
//!
//! `map` makes and maps arenas, at a place in `room`, whose numbers `span` has checked, one thread at a time (`opening`); `vmas` knows
//! what else is mapped. `memfd` is an arena without a map. `place` follows pointers, `copy` copies values out; `view` is the pointers of
//! `links`, of which `list`s and `table`s are made, with memory from `slots` and keys by `hash`. `memory` is about pages as this process has
//! them, `pages` about pages as the kernel has them, which takes BPF programs. `globals` finds the variables of a program.

#[cfg(feature = "std")]
mod alloc;
mod hash;
mod ptr;

#[cfg(feature = "std")]
mod copy;
#[cfg(feature = "std")]
mod flags;
#[cfg(feature = "std")]
mod globals;
#[cfg(feature = "std")]
mod links;
#[cfg(feature = "std")]
mod list;
#[cfg(feature = "std")]
mod map;
#[cfg(feature = "std")]
mod memfd;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "std")]
mod opening;
#[cfg(feature = "std")]
mod pages;
#[cfg(feature = "std")]
mod place;
#[cfg(feature = "std")]
mod room;
#[cfg(feature = "std")]
mod slots;
#[cfg(feature = "std")]
mod span;
#[cfg(feature = "std")]
mod table;
#[cfg(feature = "std")]
mod view;
#[cfg(feature = "std")]
mod vmas;

#[cfg(feature = "std")]
use std::fmt;
#[cfg(feature = "std")]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(feature = "std")]
use std::sync::Arc;

#[cfg(feature = "std")]
use crate::Mapping;

#[cfg(feature = "std")]
pub use alloc::{AllocError, Allocator, ClassStats, Closing, Config, Object, ObjectPtr, Recovered, Stats};
#[cfg(feature = "std")]
pub use flags::ArenaFlags;
pub use hash::{ArenaHash, hash_bytes, hash_u32, hash_u64};
#[cfg(feature = "std")]
pub use links::{ListHead, ListHeadShared, ListNode, ListNodeShared};
#[cfg(feature = "std")]
pub use list::{ArenaList, Iter, ListEntry, ListEntryShared};
#[cfg(feature = "std")]
pub use pages::Pages;
pub use ptr::ArenaPtr;
#[cfg(feature = "std")]
pub use slots::{Region, Slots};
#[cfg(feature = "std")]
pub use table::{ArenaHashMap, Entries, TableEntry, TableEntryShared, TableHead, TableHeadShared};

/// Memory in which BPF programs and this process follow the same pointers: up to 4 GiB, sparse, at the same address everywhere.
///
/// [`create`](Self::create) makes one in the kernel (Linux 6.9), [`from_map`](Self::from_map) and [`from_pin`](Self::from_pin) open
/// one, [`adopt_map`](Self::adopt_map) takes over the mapping that a loader made. [`memfd`](Self::memfd) is the same without a kernel map.
///
/// Memory holds pointers as [`ArenaPtr`], which may be any number, since BPF programs may store any. [`get`](Self::get) and its kin follow one
/// to a place inside of the arena, or return an error that says what is wrong with it.
///
/// A clone is another handle to the same memory. It is `Send + Sync + 'static`, as all handles into it are, and each of them keeps the
/// memory mapped. A forked child has no mapping of a kernel arena, and must open it again by its descriptor.
///
/// What a handle does not keep is the object that it was opened for. Whoever allocates in the arena may use the place for something else, which the
/// handle then shows; if its page is freed, it shows zeros. It never leads out of the arena's memory.
///
/// A page is made when it is first touched. If there is no memory for it (the memory cgroup of the arena's creator is full), that touch is a SIGSEGV
/// or meets the OOM killer: [`prefault`](Self::prefault) makes pages ahead of time, and returns an error instead. See
/// [When there is no memory](crate::arena#when-there-is-no-memory).
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
/// first.next.store(ArenaPtr::null());
/// assert!(first.next.load().is_null() && arena.get(first.next.load()).is_err());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[cfg(feature = "std")]
#[derive(Clone)]
pub struct Arena {
    // What following a pointer takes, side by side.
    /// The address of the first byte, as pointers in the arena have it.
    start: u64,
    /// How many bytes can be stored to at the addresses that pointers are: none if the memory is mapped elsewhere (a memfd), is
    /// read-only, or may fault. Where there are any, the provenance of the memory is exposed.
    near_writable: u64,
    /// How many bytes can be loaded there.
    near_readable: u64,
    rest: Arc<Rest>,
}

/// What is not needed to follow a pointer.
#[cfg(feature = "std")]
struct Rest {
    mapping: Arc<Mapping>,
    /// The kernel's map; `None` for a memfd, and where it is not known.
    map: Option<OwnedFd>,
    flags: ArenaFlags,
}

#[cfg(feature = "std")]
impl Arena {
    /// The arena in a mapping: all of it.
    ///
    /// `start` is where pointers in it say that it begins: a multiple of a page, with no multiple of 4 GiB after it up to the arena's
    /// last byte.
    fn new(mapping: Arc<Mapping>, start: u64, map: Option<OwnedFd>, flags: ArenaFlags) -> Self {
        let is_near = mapping.base().as_ptr().expose_provenance() as u64 == start;
        let can_load = is_near && !flags.contains(ArenaFlags::SEGV_ON_FAULT);
        let near_readable = if can_load { mapping.len() as u64 } else { 0 };
        let near_writable = if mapping.is_read_only() { 0 } else { near_readable };
        Self { start, near_writable, near_readable, rest: Arc::new(Rest { mapping, map, flags }) }
    }

    /// Length in bytes: a multiple of a page, at most 4 GiB.
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(4)?;
    /// assert_eq!(arena.len(), 4 * arena.page_size());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
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
    /// wherever a process has mapped it.
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(4)?;
    /// let first = arena.ptr_of(arena.get(arena.at::<u64>(0))?)?;
    /// assert_eq!(first.address(), arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
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

    /// What it was created with. (Of one that was adopted without its map, it is not known, and none are given.)
    pub fn flags(&self) -> ArenaFlags {
        self.rest.flags
    }

    /// The descriptor behind it, to be handed to a loader or another process: that of the kernel's map, or the memfd. `None` if it was
    /// adopted without its map.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use mapvalue::Arena;
    ///
    /// let arena = Arena::memfd(4)?;
    /// let fd = arena.fd().expect("a memfd").as_fd().try_clone_to_owned().expect("a descriptor"); // for another process
    /// assert_eq!(Arena::from_memfd(fd)?.start(), arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.rest.map.as_ref().map(AsFd::as_fd).or_else(|| self.rest.mapping.fd())
    }

    /// The pointer to the byte at `offset` bytes from the arena's start. Whether that is in the arena shows when it is followed.
    ///
    /// ([`ArenaPtr::offset`] is another number where the arena does not start at a multiple of 4 GiB: the low 32 bits of the address.)
    ///
    /// ```
    /// use mapvalue::Arena;
    ///
    /// let arena = Arena::memfd(1)?;
    /// let tenth = arena.at::<u64>(9 * 8);
    /// assert_eq!(tenth.address(), arena.start() + 72);
    /// assert!(arena.get(arena.at::<u64>(1 << 40)).is_err()); // now it shows
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn at<T: ?Sized>(&self, offset: u64) -> ArenaPtr<T> {
        ArenaPtr::from_address(self.start.wrapping_add(offset))
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
