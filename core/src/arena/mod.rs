//! Arenas: memory at one address in this process and in BPF programs, so that pointers in it mean
//! the same to both.
//!
//! An arena (`BPF_MAP_TYPE_ARENA`, Linux 6.9; kernel/bpf/arena.c) is up to 4 GiB of sparse memory.
//! A BPF program allocates in it, and follows pointers in it, as C does; whoever maps the arena
//! follows the same pointers. [`Arena`] maps it, and turns the pointers, which may be any number,
//! into places.
//!
//! # Pointers
//!
//! Memory holds 8-byte addresses, [`ArenaPtr`]. All processes map an arena at the same address, and
//! it never crosses a multiple of 4 GiB: so the low 32 bits, which are all that BPF programs use,
//! tell the place, and all addresses in it have the same high 32 bits. [`Arena::get`] takes the
//! full address, or the low 32 bits alone. Every other number is an error that says what is wrong
//! with it.
//!
//! (A memfd is mapped anywhere; pointers in it count from a nominal address, [`Arena::start`].)
//!
//! # Lifetimes
//!
//! Handles keep the mapping, and the mapping keeps the kernel's map with its data. What handles do
//! not keep is the *object* that a pointer led to: like a place in an array map, it can be used for
//! something else by whoever allocates there. A handle to it then shows that something else, and
//! never memory of another kind: also when its page is freed, since the next access makes a new
//! page of zeros. Where that must be noticed, an object needs a generation number that is checked
//! after its use.
//!
//! A child process that was forked has no mapping of a kernel arena (`MADV_DONTFORK`): it opens the
//! arena again, by its descriptor. Of a memfd it has the same mapping as its parent.
//!
//! # When there is no memory
//!
//! The first access to a page makes it, and so does the first after it was freed. **If that fails,
//! the access ends the process**, as with all memory that is made on demand, in whichever function
//! of this crate it happens.
//!
//! The kernel charges the pages of a kernel arena to the memory cgroup of the process that
//! *created* it, even after that has exited. While that cgroup is full (measured on Linux 6.18):
//!
//! - A new page that a process of *that cgroup* touches or asks for wakes its OOM killer, which
//!   ends a process there. It may be this one: also in [`Arena::prefault`] and in [`Pages::alloc`],
//!   which then do not return. So it is with every page of a memfd.
//! - A process of *another cgroup* that touches a new page wakes the same OOM killer: the idle
//!   creator may be ended. If that frees nothing, or nothing is left to end, the touch is a
//!   SIGSEGV, [`Arena::prefault`] is an `EFAULT`, and [`Pages::alloc`] an error.
//!
//! On Linux 7.2 on arm64, a touch failed now and then with ample memory (5 of 21 processes that
//! touched 65,536 pages four times got a SIGSEGV; 0 of 24 on Linux 6.12).
//!
//! So make the pages before the work begins: call [`Arena::prefault`] for all that will be used, at
//! start, while the cgroup has headroom (`memory.max` less `memory.current`; on cgroup v1
//! `memory.limit_in_bytes` less `memory.usage_in_bytes`). Pages stay until a BPF program or
//! [`Pages::free`] frees them.
//!
//! # The two ends of an arena
//!
//! Global variables of a BPF program (`__arena`) lie at one end: at the start where libbpf older
//! than 1.7, or a kernel before Linux 7.0, has loaded it, and else at the end. [`Arena::globals`]
//! finds them by asking the loaded program. What user space places by hand goes between the ends,
//! where [`Arena::hold_globals`] says; it also keeps their pages from programs that allocate. Byte
//! 0 is a bad place for an object in any case: programs may take the pointer to it for null.
//!
//! # Costs
//!
//! To follow a pointer costs an alignment test and two comparisons, none of which the next load
//! waits for: a list is walked at the speed of raw pointers, also where it is in the cache. Two
//! kinds of pointers cost a call, 2 to 3 nanoseconds: the low 32 bits alone, and those in a memfd
//! that is not mapped at their address (as the first of a process is). Making a page, at its first
//! access, costs 2 to 3 microseconds ([`Arena::prefault`] does it ahead of time), opening an arena
//! 20 to 30, and no page. An arena of 4 GiB costs no more than a small one.
//!
//! A walk over an [`ArenaList`] takes as long as one by raw pointers (1.00 to 1.05 times, measured
//! on x86-64), wherever it is mapped. A lookup in an [`ArenaHashMap`] takes 1.1 times as long as in
//! C where the table is far larger than the caches, and 1.4 times (0.9 ns more) where all of it is
//! in the first one.
//!
//! # Lists and tables
//!
//! [`ArenaList`] and [`ArenaHashMap`] are structures whose layout both sides know: a program that
//! includes `mapvalue/arena.bpf.h` ([`INCLUDE_DIR`](crate::INCLUDE_DIR)) builds, walks and changes
//! the same ones, and so do the kernel's own test programs. One writer at a time, on whichever
//! side; any number of readers beside it. Whatever is in memory, a walk stays inside of the arena
//! and ends.
//!
//! Each page must be there before a program writes to it ([`Arena::prefault`]): what it stores to
//! an absent one is lost without a word, and a list with it.
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
//! A stack, as a BPF program would build it with an atomic exchange; here on a memfd, which needs
//! no kernel map and no privilege.
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
//!         match top.compare_exchange_acq_rel(below, job) { // publishes the job
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
//! let mut next = there.get(there.at::<ArenaPtr<Job>>(0))?.load_acquire();
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
//! `handle` is the [`Arena`], and `place` follows pointers in it; `copy` copies values out,
//! `globals` finds the variables of a program. `open` makes and maps arenas, `pages` is about
//! pages, as this process has them and as the kernel has them, `chain` is lists and tables, and
//! `alloc` objects.

#[cfg(feature = "std")]
pub(crate) mod alloc;
#[cfg(feature = "std")]
pub(crate) mod chain;
#[cfg(feature = "std")]
pub(crate) mod copy;
#[cfg(feature = "std")]
pub(crate) mod flags;
#[cfg(feature = "std")]
pub(crate) mod globals;
#[cfg(feature = "std")]
pub(crate) mod handle;
#[cfg(feature = "std")]
pub(crate) mod open;
#[cfg(feature = "std")]
pub(crate) mod pages;
#[cfg(feature = "std")]
pub(crate) mod place;
#[cfg(feature = "std")]
pub(crate) mod span;

#[cfg(feature = "std")]
pub use alloc::{Allocator, ClassStats, Closing, Config, Object, ObjectPtr, Recovered, Stats};
#[cfg(feature = "std")]
pub use chain::{
    ArenaHashMap, ArenaList, Entries, Iter, ListEntry, ListEntryShared, ListHead, ListHeadShared, ListNode,
    ListNodeShared, Region, Slots, TableEntry, TableEntryShared, TableHead, TableHeadShared,
};
#[cfg(feature = "std")]
pub use flags::ArenaFlags;
#[cfg(feature = "std")]
pub use handle::Arena;
#[cfg(feature = "std")]
pub use pages::Pages;

#[cfg(feature = "std")]
pub use crate::error::AllocError;

pub use crate::value::{ArenaHash, ArenaPtr, hash_bytes, hash_u32, hash_u64};
