//! Loading and running BPF programs in tests, and making maps without a loader.
//!
//! A test that needs the kernel begins with [`require!`]. Programs run only through
//! `BPF_PROG_TEST_RUN`: nothing is attached. Pins are in a file system that ends with the test
//! ([`PrivateBpffs`]), so nothing is left behind.

mod bpffs;
pub mod child;
pub mod cpu;
pub mod feature;
mod loader;
mod map;
mod sys;

use std::io;
use std::os::fd::OwnedFd;

pub use crate::require_kernel as require;
pub use crate::skip;
pub use bpffs::PrivateBpffs;
pub use loader::{Aya, Libbpf, Loader};
pub use map::{Map, create as try_create, create_arena, flags, map_type, reopen};

/// Compiled programs. Their sources are beside them (see the `build` script in `tests/bpf`).
pub mod objects {
    use aya::include_bytes_aligned;

    /// An arena without variables.
    pub const ARENA_BARE: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_bare.bpf.o"));
    /// Objects of an allocator in an arena. libbpf only.
    pub const ALLOC: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/alloc.bpf.o"));
    /// A program that uses an allocator in an arena, and one that scribbles over it. libbpf only.
    pub const ALLOC_CHAOS: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/alloc_chaos.bpf.o"));
    /// Objects from an allocator in an arena, from the kernel and from a queue. libbpf only.
    pub const ALLOC_SPEED: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/alloc_speed.bpf.o"));
    /// An arena at an address of its own, with a variable. libbpf only.
    pub const ARENA_AT: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_at.bpf.o"));
    /// Pointers and global variables in an arena. libbpf only.
    pub const ARENA_GLOBALS: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_globals.bpf.o"));
    /// Lists in an arena. libbpf only.
    pub const ARENA_LIST: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_list.bpf.o"));
    /// The same, compiled for x86 alone.
    pub const ARENA_LIST_X86: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_list_x86.bpf.o"));
    /// Hash tables in an arena. libbpf only.
    pub const ARENA_TABLE: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_table.bpf.o"));
    /// Hash tables in an arena with values of many sizes. libbpf only.
    pub const ARENA_VALUES: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/arena_values.bpf.o"));
    /// Maps of each kind of type; no program.
    pub const CHECKED: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/checked.bpf.o"));
    /// Counters in an array map and in global sections.
    pub const COUNTERS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/counters.bpf.o"));
    /// Events of several kinds in a ring buffer, and a program that is called. libbpf only.
    pub const EVENTS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/events.bpf.o"));
    /// Flows by a key with a union, counted on each CPU.
    pub const FLOWS: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bpf/flows.bpf.o"));
    /// Histograms.
    pub const HISTOGRAM: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/histogram.bpf.o"));
    /// A map of each type; no program. libbpf only.
    pub const MAPS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/maps.bpf.o"));
    /// Values that each CPU counts for itself.
    pub const PER_CPU: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/per_cpu.bpf.o"));
    /// Programs that change a map as fast as they can.
    pub const RACES: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/races.bpf.o"));
    /// A ring buffer and a user ring buffer, and programs that fill and drain them. libbpf only.
    pub const RING: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/ring.bpf.o"));
    /// Global variables of every kind in sections of several variables.
    pub const SECTIONS: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/sections.bpf.o"));
    /// Writers and readers of a `SeqCell`.
    pub const SEQ: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/seq.bpf.o"));
    /// The same for x86 alone.
    pub const SEQ_X86: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/seq_x86.bpf.o"));
    /// Maps with fields that the kernel guards. libbpf only.
    pub const SPECIAL: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/special.bpf.o"));
    /// Hash tables, tries and arrays that system calls look up and update.
    pub const TABLES: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/tables.bpf.o"));
    /// Names in fixed arrays.
    pub const TEXT: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/text.bpf.o"));
    /// A value of each type that a map may hold.
    pub const VALUES: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/values.bpf.o"));
    /// Version 1 of a program whose structs differ in each. libbpf only.
    pub const VIEWS_1: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/views_1.bpf.o"));
    /// Version 2 of a program whose structs differ in each. libbpf only.
    pub const VIEWS_2: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/views_2.bpf.o"));
    /// Version 3 of a program whose structs differ in each. libbpf only.
    pub const VIEWS_3: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/views_3.bpf.o"));
    /// Version 4 of a program whose structs differ in each. libbpf only.
    pub const VIEWS_4: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/views_4.bpf.o"));
    /// Version 5 of a program whose structs differ in each. libbpf only.
    pub const VIEWS_5: &[u8] = include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/views_5.bpf.o"));
    /// The program of the quickstart example.
    pub const QUICKSTART: &[u8] =
        include_bytes_aligned!(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bpf/quickstart.bpf.o"));
}

/// Ends a test early if BPF is out of reach: prints a message, and the test passes.
///
/// With `MAPVALUE_REQUIRE_KERNEL=1` in the environment, the test fails instead.
///
/// `require!(ARENA)` also ends a test before the first Linux version with that [`feature`],
/// whatever is in the environment. The test fails if the kernel's version and its features disagree.
#[macro_export]
macro_rules! require_kernel {
    ($($feature:ident),*) => {
        if let Some(reason) = $crate::kernel::out_of_reach() {
            $crate::kernel::skip(&reason);
            return;
        }
        $($crate::require_feature!($crate::kernel::feature::$feature);)*
    };
}

/// Encodes an instruction: its code, the register that it changes, a register or kind that it
/// reads, and a number.
pub fn instruction(code: u8, target: u8, source: u8, number: u32) -> u64 {
    let registers = if cfg!(target_endian = "little") { source << 4 | target } else { target << 4 | source };
    let [n0, n1, n2, n3] = number.to_ne_bytes();
    u64::from_ne_bytes([code, registers, 0, 0, n0, n1, n2, n3])
}

/// Loads a classifier of these instructions.
///
/// # Errors
/// The kernel's error.
pub fn load_classifier(instructions: &[u64]) -> io::Result<OwnedFd> {
    sys::load_classifier(instructions)
}

/// Loads a program of these instructions that is called: of type `syscall`.
///
/// # Errors
/// The kernel's error.
pub fn load_callable(instructions: &[u64]) -> io::Result<OwnedFd> {
    sys::load_callable(instructions)
}

/// Why this process cannot use BPF, or `None` if it can. It tries it out.
///
/// # Panics
///
/// If the kernel refuses for another reason than permission or absence: something is broken.
pub fn out_of_reach() -> Option<String> {
    let map = map::create(map_type::ARRAY, flags::MMAPABLE, 8, 1, "probe").map(drop);
    let tried = map.map_err(|error| ("create an array map", error)).and_then(|()| {
        // Tests load classifiers and XDP programs, for which CAP_BPF alone is not enough. (`r0 = 0;
        // exit`)
        load_classifier(&[instruction(0xb7, 0, 0, 0), instruction(0x95, 0, 0, 0)])
            .map(drop)
            .map_err(|error| ("load a classifier", error))
    });
    match tried {
        Ok(()) => None,
        Err((what, error)) => match error.raw_os_error() {
            Some(libc::EPERM | libc::ENOSYS) => Some(format!("cannot {what}: {error}")),
            _ => panic!("cannot {what}, though BPF is within reach: {error}"),
        },
    }
}
