//! Arenas: memory at one address in this process and in BPF programs, so that its pointers mean the
//! same to both.
//!
//! An arena (`BPF_MAP_TYPE_ARENA`, Linux 6.9; kernel/bpf/arena.c) is up to 4 GiB of sparse memory.
//! BPF programs allocate in it and follow pointers in it, as C does. Every process that maps it
//! follows the same pointers. [`Arena`] maps it, and turns its pointers into places, whatever
//! numbers they are.
//!
//! # Pointers
//!
//! Memory holds 8-byte addresses, [`ArenaPtr`]. All processes map an arena at the same address, and
//! it never crosses a multiple of 4 GiB. So all addresses in it have the same high 32 bits, and the
//! low 32 bits, which are all that BPF programs use, tell the place. [`Arena::get`] accepts the
//! full address, or the low 32 bits alone. Any other number is an error that says what is wrong
//! with it.
//!
//! (A memfd can be mapped anywhere. Its pointers count from a nominal address, [`Arena::start`].)
//!
//! # Lifetimes
//!
//! A handle keeps the mapping, and the mapping keeps the kernel's map with its data. It does not
//! keep the *object* that a pointer led to. As in an array map, whoever allocates there may use the
//! place for something else, and the handle then shows that; if the page is freed, the next access
//! makes a new one of zeros. It never shows memory of another kind. Where that must be noticed,
//! give the object a generation number, and check it after each use.
//!
//! A child process that was forked has no mapping of a kernel arena (`MADV_DONTFORK`): it opens the
//! arena again, by its descriptor. Of a memfd it has the same mapping as its parent. Before Linux
//! 7.0, a child that is forked while another thread opens an arena may inherit the mapping, and
//! opening is [`MappedHere`](crate::ArenaError::MappedHere) there. (Seen on 6.16 to 6.19.14, not on
//! 6.18.44.)
//!
//! # When there is no memory
//!
//! The first access to a page makes it, and so does the first after it was freed. **If that fails,
//! the access ends the process**, as with all memory that is made on demand. It does not matter in
//! which function of this crate it happens.
//!
//! The kernel charges the pages of a kernel arena to the memory cgroup of the process that
//! *created* it, even after that has exited. While that cgroup is full (measured on Linux 6.18):
//!
//! - A process of *that cgroup* that touches or asks for a new page wakes the cgroup's OOM killer,
//!   which ends a process there. It may be this one, even inside [`Arena::prefault`] or
//!   [`Pages::alloc`]. The same holds for every page of a memfd.
//! - A process of *another cgroup* that touches a new page wakes the same OOM killer, and the idle
//!   creator may be ended. If that does not help, the touch is a SIGSEGV, [`Arena::prefault`]
//!   returns `EFAULT`, and [`Pages::alloc`] an error.
//!
//! On Linux 7.2 on arm64, a touch failed now and then with ample memory (5 of 21 processes that
//! touched 65,536 pages four times got a SIGSEGV; 0 of 24 on Linux 6.12).
//!
//! So make the pages before the work begins: call [`Arena::prefault`] at start for everything that
//! will be used, while the cgroup has headroom (`memory.max` minus `memory.current`; on cgroup v1
//! `memory.limit_in_bytes` minus `memory.usage_in_bytes`). Pages stay until a BPF program or
//! [`Pages::free`] frees them.
//!
//! # The two ends of an arena
//!
//! Global variables of a BPF program (`__arena`) lie at one end of the arena. libbpf 1.7 and newer
//! puts them at the end on Linux 7.0 and newer; otherwise they lie at the start. [`Arena::globals`]
//! finds them by asking the loaded program. In an arena that libbpf is given, [`Arena::for_object`]
//! and [`Arena::store_globals`] store their initial values, and keep their pages from programs that
//! allocate. [`Arena::hold_globals`] returns the pages in between, which user space may use freely.
//! Never put an object at byte 0: programs may take the pointer to it for null.
//!
//! # Costs
//!
//! Following a pointer takes an alignment test and two comparisons. The next load waits for none of
//! them, so a list is walked at the speed of raw pointers, even in the cache. Two kinds of pointers
//! cost a call, 2 to 3 nanoseconds: the low 32 bits alone, and pointers in a memfd that is not
//! mapped at their address (the first memfd of a process is). The first access to a page makes it
//! in 2 to 3 microseconds ([`Arena::prefault`] does it ahead of time). Opening an arena takes 20 to
//! 30 microseconds, and makes no page. An arena of 4 GiB costs no more than a small one.
//!
//! A walk over an [`ArenaList`] takes 1.00 to 1.05 times as long as one by raw pointers, wherever
//! it is mapped (measured on x86-64). A lookup in an [`ArenaHashMap`] takes as long as in C if the
//! table is far larger than the caches, and 1.1 times (0.15 ns more) if all of it is in the
//! first-level cache.
//!
//! # Lists and tables
//!
//! [`ArenaList`] and [`ArenaHashMap`] have a layout that both sides know. A program that includes
//! `mapvalue/arena.bpf.h` ([`INCLUDE_DIR`](crate::INCLUDE_DIR)) builds, walks and changes the same
//! structures, and so do the kernel's own test programs. There may be one writer at a time, on
//! either side, and any number of readers beside it. Whatever is in memory, a walk stays inside the
//! arena and ends.
//!
//! A page must be there before a program writes to it ([`Arena::prefault`]). A program's store to
//! an absent page is lost without an error, and a list with it.
//!
//! ```c
//! #include <mapvalue/arena.bpf.h>
//!
//! struct number { struct mv_list_node node; __u64 value; };  // `ListEntry<u64>`
//! MV_TABLE_OF_INTS(packets, __u32, __u64, mv_hash_u32);      // `ArenaHashMap<u32, u64>`
//!
//! mv_list_add_head(&number->node, head);                     // `ArenaList::push_front`
//! struct packets mv_arena *found = packets_find(table, addr);  // `ArenaHashMap::get`
//! ```
//!
//! # Example
//!
//! A stack, as a BPF program would build it with an atomic exchange. Here it is on a memfd, which
//! needs no kernel map and no privilege.
//!
//! ```
//! use mapvalue::{Arena, ArenaPtr, Error, MapValue};
//!
//! #[derive(MapValue)]
//! #[repr(C)]
//! struct Job {
//!     next: ArenaPtr<Job>,
//!     id: u64,
//! }
//!
//! let arena = Arena::memfd(4)?;
//! let top = arena.get(arena.at::<ArenaPtr<Job>>(0))?;
//! for id in 1..=3 {
//!     let pointer = arena.at::<Job>(64 * id);
//!     let job = arena.get(pointer)?;
//!     job.id.store(id);
//!     let mut below = top.load();
//!     job.next.store(below);
//!     while let Err(found) = top.compare_exchange_acq_rel(below, pointer) {
//!         below = found; // another came first; `Ok` publishes the job
//!         job.next.store(below);
//!     }
//! }
//!
//! // As another process sees it: the same pointers lead to the same places.
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

// `handle` is the `Arena`, `place` follows pointers in it, `copy` copies values out, and `globals`
// finds a program's variables. `open` makes and maps arenas, `pages` makes and frees pages. `chain`
// has lists and tables, `alloc` objects.
pub(crate) mod alloc;
pub(crate) mod chain;
pub(crate) mod copy;
pub(crate) mod flags;
pub(crate) mod globals;
pub(crate) mod handle;
pub(crate) mod open;
pub(crate) mod pages;
pub(crate) mod place;
pub(crate) mod span;

pub use alloc::{Allocator, ClassStats, Closing, Config, Object, ObjectPtr, Recovered, Stats};
pub use chain::{
    ArenaHashMap, ArenaList, Entries, Iter, ListEntry, ListEntryShared, ListHead, ListHeadShared, ListNode,
    ListNodeShared, Region, Slots, TableEntry, TableEntryShared, TableHead, TableHeadShared,
};
pub use flags::ArenaFlags;
pub use handle::Arena;
pub use pages::Pages;

pub use crate::error::AllocError;
pub use crate::value::{ArenaHash, ArenaPtr, hash_bytes, hash_u32, hash_u64};
