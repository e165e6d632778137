use super::system::Errno;
use crate::error::{MapError, MapName, MapType, SystemError};

/// Why an arena cannot be created, opened or pinned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArenaError {
    /// An arena of more than 4 GiB, `max` bytes. `len` is `u64::MAX` if computing it overflowed.
    #[error("an arena of {len} bytes is more than there can be: at most 4 GiB, {max} bytes")]
    TooLong { len: u64, max: u64 },

    /// The length of the memfd is not a whole number of pages, of `page` bytes each.
    #[error("a memfd of {len} bytes is not an arena, whose length is a multiple of a page: {page} bytes")]
    Length { len: u64, page: u64 },

    /// The map is not an arena.
    #[error("{map} is of type {map_type}, not an arena: values of an array map are mapped with `Mapping::from_map`")]
    NotAnArena { map: MapName, map_type: MapType },

    /// Some of the `flags`, those in `unknown`, are not flags of an arena.
    #[error(
        "flags {flags:#x} of an arena: {unknown:#x} is unknown. There are BPF_F_SEGV_ON_FAULT \
         ({:#x}) and BPF_F_NO_USER_CONV ({:#x})",
        1 << 17, 1 << 18
    )]
    Flags { flags: u32, unknown: u32 },

    /// An arena can only begin with a page, of `page` bytes, and not at the address `start`.
    #[error("an arena at {start:#x} is misaligned: it needs a multiple of a page, {page} bytes, and not 0")]
    Misaligned { start: u64, page: u64 },

    /// The arena, from the address `start` on, would cross a multiple of 4 GiB. The low 32 bits of
    /// a pointer must tell the place, so they cannot go on from 0 within an arena.
    #[error("an arena of {len:#x} bytes at {start:#x} crosses a multiple of 4 GiB: let it begin at one")]
    Crosses { start: u64, len: u64 },

    /// This process has something else where the arena has to be, from the address `start` on:
    /// `by`, in the words of /proc.
    #[error(
        "{map} must be mapped at {start:#x}, {len:#x} bytes, where this process has something \
         already: {by}. Open the arena before that is there, or create it elsewhere"
    )]
    AddressTaken { map: MapName, start: u64, len: u64, by: String },

    /// An arena is mapped at `start` in this process already, and a process maps an arena once.
    #[error(
        "there is an arena mapped at {start:#x} in this process already, where {map} has to be. If \
         it is the same, clone the `Arena` that has it. If a loader has it, create it with \
         `Arena::for_object` before the loader does, or take its mapping over, with \
         `mapvalue_libbpf::arena` or `Arena::adopt_map`; an arena is mapped once in a process"
    )]
    MappedHere { map: MapName, start: u64 },

    /// The arena was created without an address, so the kernel does not tell where it lies.
    /// `reason` says why a program could not ask for it.
    #[error(
        "{map} was created without an address (map_extra is 0), and where it lies could not be \
         found out ({reason}): set map_extra when it is created, or ask who mapped it (for \
         libbpf's own mapping there is `Arena::adopt`)"
    )]
    AddressUnknown { map: MapName, reason: String },

    /// The kernel did not map the arena where it has to be, from the address `start` on.
    #[error("{map} cannot be mapped at {start:#x}, {len:#x} bytes: {}{}", Errno(*errno), unmappable_hint(*errno))]
    Unmappable { map: MapName, start: u64, len: u64, errno: i32 },

    /// This process has no free range of addresses for an arena.
    #[error(
        "there are no {len:#x} bytes of addresses free between two multiples of 4 GiB (is there a \
         limit on address space, `ulimit -v`?)"
    )]
    NoRoom { len: u64 },

    /// The memory from `base` on is not what `Arena::adopt` takes over: it is `found`, in the words
    /// of /proc.
    #[error(
        "{len:#x} bytes at {base:#x} are not the mapping of an arena, but {found}. With libbpf: \
         `bpf_map__initial_value` of an arena whose descriptor was reused or pinned is a copy on \
         the heap; open such an arena with `Arena::from_map`"
    )]
    NotArenaMemory { base: usize, len: usize, found: String },

    /// The arena has no map of the kernel's, or none that is known.
    #[error(
        "not possible to {operation}: the arena is a memfd, or memory adopted without its map \
         (`Arena::adopt_map`)"
    )]
    NoMap { operation: &'static str },

    /// The kernel has no arenas on this machine.
    #[error(
        "the kernel has no arenas here: it needs its JIT compiler for BPF, and one that knows \
         arenas on this architecture"
    )]
    Unsupported,

    /// The map or memory cannot be opened.
    #[error(transparent)]
    Map(MapError),
    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// What an error number means where an arena has to be mapped.
fn unmappable_hint(errno: i32) -> &'static str {
    match errno {
        libc::ENOMEM => {
            ". A process has no such addresses (they begin at `vm.mmap_min_addr`, and have 47 bits \
             on most machines), or no more of them (`ulimit -v`): create the arena elsewhere, as \
             `Arena::create` does"
        }
        _ => "",
    }
}
