use std::path::PathBuf;

use super::system::Errno;
use crate::error::{Found, MapName, MapType, SystemError};

/// Why a map, a memfd or other memory cannot be opened, pinned or frozen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// A mapping, file or array has no bytes: `what` says which.
    #[error("{what} has length zero: there is nothing to map")]
    Empty { what: &'static str },

    /// More bytes than the `max` that this process can address.
    #[error("{len} bytes are more than can be mapped: at most {max}")]
    TooLong { len: u64, max: u64 },

    /// The memory to adopt is at a null pointer.
    #[error("the memory to adopt is at a null pointer")]
    NullPointer,

    /// The file could be cut short by others, so mapping it is not safe.
    #[error(
        "the file is not a memfd of ordinary pages that is sealed against shrinking \
         (F_SEAL_SHRINK): make it with `Mapping::memfd`, or use the unsafe `Mapping::from_file`"
    )]
    NotSealed,

    /// The descriptor `fd` is open, but not a BPF map: the kernel says that it is `found`.
    #[error("file descriptor {fd} is not a BPF map but {found}")]
    NotAMap { fd: i32, found: Found },

    /// The map was opened with `BPF_F_RDONLY`; the kernel maps such a descriptor neither writable
    /// nor read-only.
    #[error(
        "{map} was opened with BPF_F_RDONLY, and the kernel does not map such a descriptor: open \
         the map without the flag (the mapping is made read-only when it must be), or read it by \
         system calls, with `AnyArray`"
    )]
    ReadOnlyDescriptor { map: MapName },

    /// The map was opened with `BPF_F_WRONLY`.
    #[error(
        "{map} was opened with BPF_F_WRONLY, so that nothing of it can be read, nor mapped: open \
         it without the flag"
    )]
    WriteOnlyDescriptor { map: MapName },

    /// The map was created without `BPF_F_MMAPABLE`.
    #[error(
        "{map} was created without BPF_F_MMAPABLE: add `__uint(map_flags, BPF_F_MMAPABLE)` to its \
         definition, or use system calls, with `AnyArray`; of a section of globals, whose loader \
         did not ask for the flag, use `DataSection::from_map_with_btf` and `any_var`"
    )]
    NotMmapable { map: MapName },

    /// The map has types that cannot be read.
    #[error("the types of {map} cannot be read: {reason}. `from_map_unchecked` opens it without them")]
    Types { map: MapName, reason: String },

    /// Maps of this type are not mapped as values.
    #[error(
        "{map} is of type {map_type}: only maps of type array can be mapped as values \
         (`bpf::TypedMap` looks values of hash tables up)"
    )]
    UnsupportedType { map: MapName, map_type: MapType },

    /// Values of maps of this type are not looked up by key.
    #[error(
        "{map} is of type {map_type}, {}. Values are looked up by key in maps of type array, hash, \
         lru_hash, lpm_trie, percpu_array, percpu_hash, lru_percpu_hash, cgroup_storage and \
         percpu_cgroup_storage",
        without_lookups(*map_type)
    )]
    NoLookups { map: MapName, map_type: MapType },

    /// The map is not of a type that is `expected`.
    #[error("{map} is of type {map_type}, not {expected}")]
    OtherType { map: MapName, map_type: MapType, expected: &'static str },

    /// The map's values have fields that the kernel guards.
    #[error(
        "{map} has a spin lock, timer, kptr or another special field in its values (errno 524), \
         which the kernel does not let anyone map: move that field to a map of its own"
    )]
    SpecialFields { map: MapName },

    /// The map is mapped writable somewhere, so it cannot be frozen.
    #[error(
        "{map} cannot be frozen while it is mapped writable or being updated (EBUSY): drop every \
         writable mapping of it first, also those of other processes and of the loader. (Where /proc \
         is not mounted, Linux before 6.5 says the same of a map that is frozen already.)"
    )]
    MappedWritable { map: MapName },

    /// There is no map of the number `id`.
    #[error("there is no map with the id {id}: a map goes with the last descriptor, pin, program and mapping of it")]
    NoMapWithId { id: u32 },

    /// A map cannot be pinned at the `path`, or not be opened by it.
    #[error("cannot {operation} at {}: {}{}", path.display(), Errno(*errno), pin_hint(*errno))]
    PinFailed { operation: &'static str, path: PathBuf, errno: i32 },

    /// What is pinned at the `path` is not a map: the kernel says that it is `found`.
    #[error("what is pinned at {} is not a BPF map but {found}", path.display())]
    PinnedOther { path: PathBuf, found: Found },

    /// The kernel refused.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// What a map has instead of values that this crate looks up by key.
fn without_lookups(map_type: MapType) -> &'static str {
    match map_type.name() {
        "queue" | "stack" => "whose values have no keys, but are pushed and popped: open it with `bpf::Queue`",
        "bloom_filter" => {
            "whose values have no keys; one asks whether a value is in it: open it with `bpf::BloomFilter`"
        }
        "ringbuf" => "which has no values by key, but records in order: open it with `Ring`",
        "user_ringbuf" => "which has no values by key, but samples in order: open it with `UserRing`",
        "arena" => "which has no values by key, but pages: open it with `Arena`",
        "prog_array" | "array_of_maps" | "hash_of_maps" => "whose lookup gives the id of a program or a map",
        "devmap" | "devmap_hash" | "cpumap" | "xskmap" => {
            "whose values are where the kernel sends packets, and mean something to it alone"
        }
        "sockmap" | "sockhash" | "reuseport_sockarray" => {
            "whose values are sockets: an update takes a descriptor, a lookup gives a cookie"
        }
        "perf_event_array" | "cgroup_array" => "whose values are descriptors, which are not read back",
        "sk_storage" | "inode_storage" | "task_storage" | "cgrp_storage" => {
            "whose keys are descriptors of what the value belongs to, and not data"
        }
        _ => "whose values this crate does not look up",
    }
}

/// What to do about a pin that cannot be made or opened.
fn pin_hint(errno: i32) -> &'static str {
    match errno {
        libc::EEXIST => {
            ". Something is pinned there: open it with `from_pin` (of an arena, \
             `Arena::from_pin`), or remove it first"
        }
        libc::EPERM | libc::EINVAL | libc::EACCES => {
            ". A pin has a path in a BPF file system, which this process may reach: \
             `mount -t bpf bpf /sys/fs/bpf` makes one"
        }
        libc::ENOENT => ". There is no such file, or no such folder",
        _ => "",
    }
}
