//! Typed, race-free access to memory shared with BPF programs, from safe Rust.
//!
//! A type that may live in a map derives [`MapValue`]; a handle to a place in a map is a
//! [`Var<T>`](Var); the memory lives as long as any handle to it.
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
//! # fn open() -> Result<std::sync::Arc<Mapping>, mapvalue::MapError> {
//! #     Mapping::memfd(size_of::<Stats>())
//! # }
//! let mapping = open()?; // `Mapping::from_map_checked(&fd)?`, with any loader's descriptor
//! let stats: Var<Stats> = mapping.var(0)?; // an error if the map has another type there
//! stats.packets.load(); // one mov
//! stats.by_proto[6].fetch_add(1); // one lock add
//! let total: u64 = stats.by_proto.iter().map(|c| c.load()).sum();
//! let copy: Stats = stats.load(); // leaf by leaf: no field is ever torn
//! let tcp: Var<u64> = stats.project(|s| &s.by_proto[6]); // outlives `stats` and the loader
//! let view: Var<Stats, ReadOnly> = mapping.var_ro(0)?; // a store through it does not compile
//! # assert_eq!((total, copy.by_proto[6], tcp.load(), view.by_proto[6].load()), (1, 1, 1, 1));
//! # Ok::<(), mapvalue::Error>(())
//! ```
//!
//! The [`guide`] shows how to write each task of an agent, and maps the names of other libraries to
//! those of this one.
//!
//! # The shared mirror
//!
//! Memory that a BPF program writes at any moment must never be seen as `&T`: the compiler may
//! assume that the target of a `&T` does not change. So the derive gives `Stats` a mirror,
//! `StatsShared`, with the same size, alignment and offsets (asserted at compile time), in which
//! each leaf is a [`Shared`] cell. `Var<Stats>` dereferences to `StatsShared`, and plain Rust does
//! the rest: fields, indices, iterators, borrows.
//!
//! A leaf is a value that one access of the machine moves: an integer, a float, a `bool`, a
//! field-less enum, an `Option` of a nonzero integer, a big-endian integer of [`zerocopy`], an
//! [`ArenaPtr`] or a [`Kptr`]. Structs and arrays are made of leaves, and so is a [`CharArray`],
//! text in C's `char[N]`.
//!
//! # Types are checked
//!
//! The kernel keeps the types that a map was created with, and a handle is refused if its type is
//! laid out otherwise. [`Mapping::from_map_checked`] fails where they cannot be read;
//! [`Mapping::from_map_with_btf`] takes them from the object file, without privilege. The check is
//! made when a handle is opened, once for a type and place.
//!
//! # Globals by name
//!
//! The kernel keeps the types of the program that a map belongs to ([`Btf`]). A [`DataSection`]
//! finds a global variable by its name, and checks that its C type is laid out as the Rust type
//! ([`Layout::check`]). If a struct was changed on one side alone, opening the variable is an error
//! that names each field that differs.
//!
//! # One value for each CPU
//!
//! [`PerCpu`] is the result of a lookup in a per-CPU map. [`Banks`] are counters in a plain
//! mmapable array in which each CPU has its own cache lines. Both have a `sum`. It folds a struct
//! field by field, each in its own way ([`Fold`]): `#[map_value(fold = "max")]`.
//!
//! # Without mapping
//!
//! Hash tables cannot be mapped, nor can some arrays. There, system calls move values of the same
//! types: [`bpf::TypedMap`], [`AnyArray`], [`AnyVar`]. A map of another process is found by its pin
//! or id, and checked against the types that it was created with ([`guide::reattach`]).
//!
//! # Arenas
//!
//! An [`Arena`] is memory with pointers that BPF programs and processes both follow. It is mapped
//! at the address that the kernel's map demands. An [`ArenaPtr`] may hold any number; the arena
//! turns it into a place inside, or into an error that says what is wrong with it.
//!
//! # Ring buffers
//!
//! A [`Ring`] reads the records that programs send, in place. A [`MapEvent`] is an enum of the
//! structs that records hold, told apart by a tag; it decodes the bytes that other readers return,
//! too. A [`UserRing`] sends samples to programs. Rings have a stand-in on a memfd.
//!
//! # Memory model
//!
//! The facts that the safe functions of this crate rest on, and their promises:
//!
//! - **Others are threads.** BPF programs and other processes are modeled as threads that make
//!   relaxed atomic accesses of the declared leaf width. Real ones do what the machine does. In a
//!   program that the kernel's JIT compiled, an aligned load or store of 1, 2, 4 or 8 bytes is one
//!   instruction, and single-copy atomic on every CPU that the kernel's JITs support. For a map
//!   this is a fact, and for a memfd too, whatever language the other process is written in. This
//!   process may reach memory from [`Mapping::from_file`], [`Mapping::adopt`], [`Arena::adopt`],
//!   [`Arena::adopt_map`] and [`Arena::adopt_map_with`] in other ways as well, so for that memory
//!   it is part of their safety contracts.
//! - **A leaf is never torn**: it is aligned ([`Layout::align`], checked for each place), and one
//!   relaxed atomic access moves it. A struct moves leaf by leaf, so two of its leaves may come
//!   from two moments. A [`SeqCell`] is read as it was at one moment.
//! - **Bulk copies** (such as [`Array::load_into`] and [`Slice::store_from`]) mean a relaxed access
//!   a leaf as well. On x86-64 with AVX they move leaves that lie side by side by aligned accesses
//!   of 16 bytes, which Intel and AMD guarantee to be atomic there. Values with padding, or that
//!   must be decoded, move leaf by leaf.
//! - **Orders.** `load` and `store` are relaxed and order nothing else. To publish data, store its
//!   flag last with [`store_release`](Shared::store_release), and load the flag first with
//!   [`load_acquire`](Shared::load_acquire). Read-modify-write operations are relaxed;
//!   [`atomic`](Shared::atomic) returns the atomic itself for every other order.
//! - **Cells hold integers**, never the leaf itself, because a reference to an invalid `bool` or
//!   enum is undefined behavior and BPF may store anything. Values are made after the load: a
//!   `bool` is `byte != 0`, and an enum is checked (`try_load`).
//! - **Read-only mappings are only loaded from**, with relaxed loads of at most 8 bytes: no other
//!   atomic operation is guaranteed not to write ("Atomic accesses to read-only memory" in
//!   [`core::sync::atomic`]). `load_acquire` is such a load and a fence. (Bulk copies load 16 bytes
//!   by an instruction that is only a load.) A [`ReadOnly`] handle has no stores.
//! - **Padding** is never read or written. (Others may write to it, outside every cell. The
//!   language does not say yet whether that is allowed under a `&` to a type with cells; the
//!   compiler makes no use of it.)
//! - **No `&T`, `&mut T`, `&[u8]` and no memcpy over shared memory**, anywhere. The one exception
//!   is [`InPlace`]: types made of atomics alone may be seen as `&T`, since each of their bytes is
//!   in a cell already.
//! - **A record of a ring** is not written by programs once it is committed, and the kernel maps
//!   the data of a [`Ring`] read-only in every process. But another process could release it while
//!   it is read here, and on a memfd the producer is a process, too. So records are cells, as all
//!   other memory is.
//! - **Nothing is unmapped under a handle.** Each handle holds the [`Mapping`], and no function
//!   unmaps a part. A BPF map keeps its size, and a memfd must be sealed against shrinking; other
//!   files are not, which is why `from_file` is `unsafe`. Single pages of an arena may go, and come
//!   back as zeros at the next touch. With `BPF_F_SEGV_ON_FAULT` they would not come back, so such
//!   an arena gives out no handles. A page is made at the first touch, which needs free memory
//!   ([`arena`](arena#when-there-is-no-memory)): [`Arena::prefault`] makes pages ahead of time.
//! - **Mixed sizes are the one rule left to the user**: give each byte one type. Safe code can view
//!   the same bytes at two widths: by raw offsets, by [`Mapping::read_at`] and
//!   [`Mapping::write_at`], through the fields of a union (but not otherwise by the names of a
//!   [`DataSection`]), or from two processes that disagree. In an arena it can also do so by a
//!   pointer that a hostile program stored, by [`ArenaPtr::cast`], or by two
//!   [`globals`](Arena::globals) that overlap. If two such accesses race and one is a store, Rust
//!   gives them no meaning. Every CPU that Linux runs on does: some bytes come from one access and
//!   some from the other. See [`Mapping`].
//!
//! # Features
//!
//! | feature | is | default |
//! |---|---|---|
//! | `std` | mappings, and all that asks the kernel; needs Linux to run | yes |
//!
//! The derive needs no feature, and no loader is a dependency: functions take any `impl AsFd`.
//!
//! # Without `std`
//!
//! With `default-features = false` the crate is `no_std`, allocates nothing, and keeps
//! [`MapValue`], [`Layout`], the derive, `from_bytes` and `from_prefix`. That suits a crate of
//! types that user space shares with a BPF program in Rust (with aya-ebpf).
//!
//! It compiles for BPF itself, `bpfel-unknown-none`. A program with a pointer to a map's value may
//! use it as a reference to the mirror, `&StatsShared`, and `load` and `store` through it: each is
//! one instruction of the leaf's width. BPF's `core` has no other atomic operations. So orders,
//! read-modify-write operations, the reading and writing of a [`SeqCell`], and atomic fields
//! narrower than 8 bytes are for user space alone.
//!
//! This is tested: a program with every kind of field, compiled by Rust 1.96 with LLVM 22, passes
//! the verifier and shares a map with user space, leaf by leaf (`tests/no-std` in the repository).
//!
//! # Platforms
//!
//! 64-bit Linux. Mapping a BPF array needs Linux 5.5, a ring buffer 5.8, a user ring buffer 6.1, an
//! arena 6.9, and a memfd 3.17.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(feature = "std"),
    allow(
        rustdoc::broken_intra_doc_links,
        reason = "this page links to items of `std`; with it, the lint checks them all"
    )
)]

// The derive's `::mapvalue` paths must work in this crate's own tests and examples.
extern crate self as mapvalue;

mod error;
mod layout;
mod platform;
#[doc(hidden)]
pub mod refused;
mod value;

#[cfg(feature = "std")]
pub mod arena;
/// Pointers in arenas, and the hashes of keys: what there is of arenas without `std`.
#[cfg(not(feature = "std"))]
pub mod arena {
    pub use crate::value::{ArenaHash, ArenaPtr, hash_bytes, hash_u32, hash_u64};
}
#[cfg(feature = "std")]
pub mod bpf;
#[cfg(feature = "std")]
pub mod btf;
#[cfg(feature = "std")]
pub mod event;
#[cfg(feature = "std")]
pub mod guide;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
mod mapping;
#[cfg(feature = "std")]
mod per_cpu;
#[cfg(feature = "std")]
pub mod ring;
#[cfg(feature = "std")]
mod section;
#[cfg(feature = "std")]
mod sys;
#[cfg(feature = "std")]
pub mod view;

/// What the derive's expansion uses. Not part of the public interface.
#[doc(hidden)]
#[path = "expansion/mod.rs"]
pub mod __private;

pub use error::{Busy, InvalidValue, ValueError};
pub use layout::{Endianness, Field, Kind, Layout, Variant};
pub use value::{
    Access, ArenaHash, ArenaPtr, CharArray, CharArrayShared, Domain, Export, Fold, InPlace, Integer, Kernel, Kptr,
    Leaf, Local, MapValue, Mirror, Plain, ReadOnly, ReadWrite, Rest, SeqCell, SeqCellShared, Shared, Storable, Tail,
    Text, Whole, Writable,
};
#[doc(hidden)]
pub use value::{fold, union};

#[cfg(feature = "std")]
pub use {
    arena::{Allocator, Arena, ArenaFlags, ArenaHashMap, ArenaList, Object, Pages},
    bpf::TypeCheck,
    btf::Btf,
    error::{
        AllocError, ArenaError, ArenaPtrError, BtfError, ElementError, Error, Found, KernelVersion, ListError,
        MapError, MapName, MapType, PagesError, PerCpuError, PlaceError, ReadOnlyReason, RingError, SectionError,
        SystemError,
    },
    event::MapEvent,
    handle::{AnyArray, Array, Iter, Slice, Var},
    mapping::Mapping,
    per_cpu::{Bank, BankIter, Banks, PerCpu},
    ring::{Record, Ring, UserRing},
    section::{AnyVar, DataSection, MmapableSections, Variable},
    sys::cpus::possible_cpus,
    view::{MapView, View},
};

pub use zerocopy;

/// What most files of an agent use, by one line: `use mapvalue::prelude::*`.
///
/// It has the traits whose methods are called on parts of values (`rules[3].load()` is of
/// [`Mirror`]), the derive, and the handles.
///
/// ```
/// use mapvalue::prelude::*;
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// struct Rule {
///     port: u16,
///     hits: [u32; 2],
/// }
///
/// let rules: Var<[Rule; 8]> = Mapping::memfd(4096)?.var(0)?;
/// rules[3].hits.store([1, 2]);
/// assert_eq!(rules[3].load().hits, [1, 2]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub mod prelude {
    #[cfg(feature = "std")]
    pub use crate::{Array, Btf, DataSection, Mapping, Slice, Var};
    pub use crate::{MapValue, Mirror, ReadOnly, Shared};
}

/// The folder with the C headers for BPF programs, for the compiler's `-I` in the build script of a
/// crate with `mapvalue` among its build dependencies.
///
/// ```
/// let include = std::path::Path::new(mapvalue::INCLUDE_DIR);
/// assert!(include.join("mapvalue/arena.bpf.h").exists());
/// // let options = ["-target", "bpf", "-O2", "-g", "-I", mapvalue::INCLUDE_DIR, "-c", ..];
/// // std::process::Command::new("clang").args(options)..
/// // libbpf_cargo::SkeletonBuilder::new().clang_args(["-I", mapvalue::INCLUDE_DIR])..
/// ```
///
/// It is where the sources of this crate were when it was compiled, so a program must not look for
/// it when it runs.
pub const INCLUDE_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
