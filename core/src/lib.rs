//! Typed, race-free access to memory shared with BPF programs, from safe Rust.
//!
//! A type that may live in a map derives [`MapValue`]; a handle to a place in a map is a [`Var<T>`](Var); the memory lives as
//! long as any handle to it.
//!
//! ```
//! use mapvalue::{MapValue, Mapping, ReadOnly, Var};
//!
//! #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
//! #[repr(C)]
//! pub struct Stats {
//!     pub packets: u64,
//!     pub by_proto: [u64; 256],
//!     pub live: bool,
//! }
//!
//! # fn open() -> Result<std::sync::Arc<Mapping>, mapvalue::Error> { Mapping::memfd(size_of::<Stats>()) }
//! let mapping = open()?; // `Mapping::from_map(&fd)?`, with the descriptor of any loader
//! let stats: Var<Stats> = mapping.var(0)?; // writable, aligned and inside, or an error
//! stats.packets.load(); // one mov
//! stats.by_proto[6].fetch_add(1); // one lock add
//! let total: u64 = stats.by_proto.iter().map(|c| c.load()).sum();
//! let copy: Stats = stats.load(); // leaf by leaf: no field is ever torn
//! let tcp: Var<u64> = stats.project(|s| &s.by_proto[6]); // outlives `stats`, the loader and the descriptor
//! let view: Var<Stats, ReadOnly> = mapping.var_ro(0)?; // a store through it does not compile
//! # assert_eq!((total, copy.by_proto[6], tcp.load(), view.by_proto[6].load()), (1, 1, 1, 1));
//! # Ok::<(), mapvalue::Error>(())
//! ```
//!
//! The [`guide`] shows how each task of an agent is written, and what is called how for those who come from another library.
//!
//! # The shared mirror
//!
//! Memory that a BPF program writes at any moment must never be seen as `&T`: the compiler may assume that what a `&T` shows
//! does not change. So the derive gives `Stats` a mirror, `StatsShared`, of the same size, alignment and offsets (asserted when
//! the program is compiled), in which each leaf is a [`Shared`] cell. `Var<Stats>` dereferences to `StatsShared`, and plain Rust
//! does the rest: fields, indices, iterators, borrows.
//!
//! A leaf is what one access of the machine moves: an integer, a float, a `bool`, a field-less enum, an
//! `Option<NonZeroU32>` and its kin, a big-endian integer of [`zerocopy`], an [`ArenaPtr`] or [`Kptr`]. Structs and arrays are made of leaves,
//! and so is a [`CharArray`], text in C's `char[N]`.
//!
//! # Globals by name
//!
//! The kernel holds the types of the program that a map belongs to ([`Btf`]). A [`DataSection`] finds a global variable by its name
//! and checks that its C type is laid out as the Rust type is ([`Layout::check`]): a struct that was changed on one side alone is an
//! error when the variable is opened, which names each field that differs.
//!
//! # One value for each CPU
//!
//! [`PerCpu`] decodes what a lookup in a map of a `BPF_MAP_TYPE_PERCPU_*` gives, and [`Banks`] are counters in a plain mmapable array of which each CPU
//! has its own cache lines. Both have a `sum`: of a struct, each field by its own way ([`Fold`]), `#[map_value(fold = "max")]`.
//!
//! # Without mapping
//!
//! Hash tables are not mapped, nor are some arrays. There the same types go by system calls: [`bpf::TypedMap`], [`AnyArray`], [`AnyVar`]. Maps that
//! another process made are found by their pin or number, and held to the types that they were created with ([`guide::reattach`]).
//!
//! # Arenas
//!
//! An [`Arena`] is memory with pointers in it that BPF programs and processes follow alike. It maps the arena where the kernel's map demands,
//! and turns an [`ArenaPtr`], which may hold any number, into a place inside, or into an error that says what is wrong with it.
//!
//! # Memory model
//!
//! What the safe functions of this crate rest on, and what they promise:
//!
//! - **Others are threads.** BPF programs and other processes are taken for threads that make relaxed atomic accesses of the
//!   declared leaf width. Real ones do what the machine does: an aligned load or store of 1, 2, 4 or 8 bytes by a program that
//!   the kernel's JIT compiled is one instruction, and single-copy atomic on every CPU that the kernel's JITs support. For a
//!   map this is a fact, and for a memfd too, whatever the other process is written in; for memory from [`Mapping::from_file`],
//!   [`Mapping::adopt`], [`Arena::adopt`] and [`Arena::adopt_map`], which this process may reach in other ways as well, it is part of their safety contracts.
//! - **A leaf is never torn**: it is aligned ([`Layout::align`], checked for each place) and moved by one relaxed atomic access.
//!   A struct moves leaf by leaf, so two of its leaves may come from two moments; a [`SeqCell`] is read as it was at one.
//! - **Bulk copies** ([`Array::load_into`], [`Slice::store_from`] and their kin) mean a relaxed access a leaf as well. On x86-64 with AVX they
//!   move leaves that lie side by side by aligned accesses of 16 bytes, which Intel and AMD guarantee to be atomic there; what
//!   has padding, or is to be decoded, moves leaf by leaf.
//! - **Orders.** `load` and `store` are relaxed and order nothing else. To publish data, store its flag last with
//!   [`store_release`](Shared::store_release), and look at the flag first with [`load_acquire`](Shared::load_acquire). Read-modify-write
//!   operations are relaxed; [`atomic`](Shared::atomic) gives the atomic itself for every other order.
//! - **Cells hold integers**, never the leaf itself, because a reference to an invalid `bool` or enum is undefined behaviour and
//!   BPF may store anything. Values are made after the load: a `bool` is `byte != 0`, an enum is checked (`try_load`).
//! - **Read-only mappings are only loaded from**, with relaxed loads of at most 8 bytes: of atomic operations, these alone are
//!   guaranteed not to write ("Atomic accesses to read-only memory" in [`core::sync::atomic`]). `load_acquire` is such a load and a
//!   fence. (Bulk copies load 16 bytes by an instruction that is a load and nothing else.) No store exists on a [`ReadOnly`] handle.
//! - **Padding** is never read or written. (What others write there is outside of every cell. The language does not say yet whether
//!   that is allowed under a `&` to a type with cells; the compiler makes no use of it.)
//! - **No `&T`, `&mut T`, `&[u8]` and no memcpy over shared memory**, anywhere. The one exception is [`InPlace`]: types made of atomics
//!   alone may be seen as `&T`, since every byte of theirs is a cell already.
//! - **Nothing is unmapped under a handle.** Each holds the [`Mapping`]; no function unmaps a part. A BPF map keeps its size, a
//!   memfd must be sealed against shrinking; other files are not, which is why `from_file` is `unsafe`. Of an arena single pages may
//!   go, and come back as zeros when they are touched; of an arena with `BPF_F_SEGV_ON_FAULT`, where they would not, no handle is given out.
//!   Memory that is made when it is touched can be made only while there is some: of an arena whose creator's memory cgroup is full, the touch is a SIGSEGV
//!   ([`arena`](arena#when-there-is-no-memory)), which [`Arena::prefault`] turns into an error ahead of time.
//! - **Mixed sizes are the one rule left to the user**: give each byte one type. Safe code can view the same bytes at two widths,
//!   by raw offsets, through the fields of a union (but not otherwise by the names of a [`DataSection`]), by [`Mapping::read_at`] and [`Mapping::write_at`], or from two processes that disagree; in an arena
//!   also by a pointer that a hostile program stored, by [`ArenaPtr::cast`], or by two [`globals`](Arena::globals) that overlap. And Rust has no
//!   meaning for two such accesses that race when one is a store. Every CPU that Linux runs on has one: some bytes are the
//!   one's and some the other's. See [`Mapping`].
//!
//! # Without `std`
//!
//! With `default-features = false` the crate is `no_std`, allocates nothing, and keeps [`MapValue`], [`Layout`], the derive and
//! `from_bytes`: for a crate of types that user space and a BPF program in Rust (with aya-ebpf) share.
//!
//! It compiles for BPF itself, `bpfel-unknown-none`. A program that has a pointer to a map's value may take it for a reference to the
//! mirror, `&StatsShared`, and `load` and `store` then, each of which is one instruction of the leaf's width. That is all that there
//! is: BPF's `core` has no atomic operations but loads and stores, so orders, read-modify-write operations, and reading and writing
//! a [`SeqCell`] are for user space, as are atomics narrower than 8 bytes as fields.
//!
//! What is known of that: a program of every kind of field, compiled by Rust 1.96 with LLVM 22, passes the verifier, and shares a
//! map with user space, leaf by leaf (`tests/no-std` of the repository).
//!
//! # Platforms
//!
//! 64-bit Linux, as BPF is. Mapping a BPF array needs Linux 5.5, an arena 6.9; everything on a memfd, 3.17.

#![cfg_attr(not(feature = "std"), no_std)]

// So that the derive's `::mapvalue` paths work in this crate's own tests and examples.
extern crate self as mapvalue;

pub mod arena;
#[cfg_attr(not(feature = "std"), expect(dead_code, reason = "most of it speaks of maps, which need `std`"))]
mod error;
mod layout;
mod platform;
#[doc(hidden)]
pub mod refused;
mod value;

#[cfg(feature = "std")]
pub mod bpf;
#[cfg(feature = "std")]
pub mod btf;
#[cfg(feature = "std")]
pub mod guide;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
mod mapping;
#[cfg(feature = "std")]
mod per_cpu;
#[cfg(feature = "std")]
mod section;
#[cfg(feature = "std")]
mod sys;

/// What the derive's expansion uses. Not part of the public interface.
#[doc(hidden)]
#[path = "expansion/mod.rs"]
pub mod __private;

pub use error::{Busy, Error, Found, InvalidValue, KernelVersion, MapName, MapType, ReadOnlyReason};
pub use layout::{Endianness, Field, Kind, Layout, Variant};
pub use value::{
    Access, ArenaHash, ArenaPtr, CharArray, CharArrayShared, Domain, Export, Fold, InPlace, Integer, Kernel, Kptr,
    Leaf, Local, MapValue, Mirror, Plain, ReadOnly, ReadWrite, SeqCell, SeqCellShared, Shared, Storable, Writable,
};
#[doc(hidden)]
pub use value::{fold, union};

#[cfg(feature = "std")]
pub use arena::{AllocError, Allocator, Arena, ArenaFlags, ArenaHashMap, ArenaList, Object, Pages};
#[cfg(feature = "std")]
pub use bpf::TypeCheck;
#[cfg(feature = "std")]
pub use btf::Btf;
#[cfg(feature = "std")]
pub use handle::{AnyArray, Array, Iter, Slice, Var};
#[cfg(feature = "std")]
pub use mapping::Mapping;
#[cfg(feature = "std")]
pub use per_cpu::{Bank, BankIter, Banks, PerCpu};
#[cfg(feature = "std")]
pub use section::{AnyVar, DataSection, Variable};
#[cfg(feature = "std")]
pub use sys::cpus::possible_cpus;

pub use zerocopy;

/// The folder of the C headers for BPF programs, to be given to the compiler by `-I`: `mapvalue/arena.bpf.h` is in it.
///
/// For a build script, of a crate that has `mapvalue` among its build dependencies:
///
/// ```
/// let include = std::path::Path::new(mapvalue::INCLUDE_DIR);
/// assert!(include.join("mapvalue/arena.bpf.h").exists());
/// // std::process::Command::new("clang").args(["-target", "bpf", "-O2", "-g", "-I", mapvalue::INCLUDE_DIR, "-c", ..])
/// // libbpf_cargo::SkeletonBuilder::new().clang_args(["-I", mapvalue::INCLUDE_DIR])..
/// ```
///
/// It is where the sources of this crate were when it was compiled: nothing for a program to look for when it runs.
pub const INCLUDE_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
