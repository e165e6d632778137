//! What errors tell of the kernel and its maps: names, types, versions.

use std::fmt;

/// A map's name as the kernel holds it, at most 15 characters; printed with what it is a name of.
///
/// ```no_run
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let name = mapvalue::bpf::MapInfo::query(&fd)?.name;
/// assert_eq!((name.as_str(), name.to_string().as_str()), ("counters", "map `counters`"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MapName {
    /// `None` for memory that is no BPF map.
    bytes: Option<[u8; 16]>,
}

impl MapName {
    /// For memory that is no BPF map.
    pub(crate) const NONE: Self = Self { bytes: None };

    pub(crate) const fn new(bytes: [u8; 16]) -> Self {
        Self { bytes: Some(bytes) }
    }

    /// The name, empty for memory that is no BPF map, or when the map has none.
    pub fn as_str(&self) -> &str {
        let Some(bytes) = &self.bytes else { return "" };
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        // The kernel admits letters, digits, `_` and `.` alone (`bpf_obj_name_cpy` in
        // kernel/bpf/syscall.c).
        core::str::from_utf8(&bytes[..end]).unwrap_or("?")
    }
}

impl fmt::Display for MapName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_str(), self.bytes) {
            (_, None) => f.write_str("the memory"),
            ("", _) => f.write_str("the map (it has no name)"),
            (name, _) => write!(f, "map `{name}`"),
        }
    }
}

impl fmt::Debug for MapName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Why a mapping is read-only.
///
/// ```
/// use mapvalue::{Error, Mapping, PlaceError, ReadOnly, ReadOnlyReason};
///
/// let words = Box::leak(Box::new([0u64; 8]));
/// // SAFETY: it is 64 bytes of initialized memory, never freed, and nothing else reaches it.
/// let mapping = unsafe { Mapping::adopt(words.as_mut_ptr().cast(), 64, ReadOnly, || ())? };
/// let opened = mapping.var::<u64>(0);
/// let Err(PlaceError::ReadOnly { reason, .. }) = opened else { panic!("no store") };
/// assert_eq!(reason, ReadOnlyReason::Adopted);
/// assert_eq!(mapping.var_ro::<u64>(0)?.load(), 0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadOnlyReason {
    /// `BPF_MAP_FREEZE` was called on the map: user space can no longer change it (EPERM).
    Frozen,
    /// The map was created with `BPF_F_RDONLY_PROG`, and the kernel maps such a map read-only
    /// (EACCES).
    ReadOnlyForPrograms,
    /// The descriptor of the map was opened with `BPF_F_RDONLY`, and this kernel maps such a
    /// descriptor.
    Descriptor,
    /// The file is open for reading only, or sealed against writing.
    File,
    /// The memory was adopted as read-only.
    Adopted,
}

impl fmt::Display for ReadOnlyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frozen => "the map is frozen",
            Self::ReadOnlyForPrograms => "the map has BPF_F_RDONLY_PROG",
            Self::Descriptor => "its descriptor was opened with BPF_F_RDONLY",
            Self::File => "the file is not open for writing, or sealed",
            Self::Adopted => "it was adopted as such",
        })
    }
}

/// A `major.minor` version of the kernel.
///
/// ```
/// use mapvalue::KernelVersion;
///
/// let running = KernelVersion { major: 6, minor: 18 };
/// assert!(running > KernelVersion { major: 6, minor: 9 });
/// assert_eq!(running.to_string(), "6.18");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// The 6 of 6.18.
    pub major: u16,
    /// The 18 of 6.18.
    pub minor: u16,
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a file descriptor that is not a map turned out to be.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    pub(crate) target: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.target.is_empty() { "something else" } else { &self.target })
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A BPF map type (`enum bpf_map_type` in include/uapi/linux/bpf.h), printed with its name and
/// number.
///
/// ```
/// use mapvalue::MapType;
///
/// assert_eq!(MapType(2).name(), "array");
/// assert_eq!(MapType(9999).name(), "unknown");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MapType(pub u32);

impl MapType {
    pub(crate) const HASH: Self = Self(1);
    pub(crate) const ARRAY: Self = Self(2);
    pub(crate) const PERCPU_HASH: Self = Self(5);
    pub(crate) const PERCPU_ARRAY: Self = Self(6);
    pub(crate) const LRU_HASH: Self = Self(9);
    pub(crate) const LRU_PERCPU_HASH: Self = Self(10);
    pub(crate) const LPM_TRIE: Self = Self(11);
    pub(crate) const CGROUP_STORAGE: Self = Self(19);
    pub(crate) const PERCPU_CGROUP_STORAGE: Self = Self(21);
    pub(crate) const QUEUE: Self = Self(22);
    pub(crate) const STACK: Self = Self(23);
    pub(crate) const BLOOM_FILTER: Self = Self(30);
    pub(crate) const RINGBUF: Self = Self(27);
    pub(crate) const USER_RINGBUF: Self = Self(31);

    /// The name in the kernel's spelling, without `BPF_MAP_TYPE_`; `unknown` for types newer than
    /// this crate.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; 34] = [
            "unspec",
            "hash",
            "array",
            "prog_array",
            "perf_event_array",
            "percpu_hash",
            "percpu_array",
            "stack_trace",
            "cgroup_array",
            "lru_hash",
            "lru_percpu_hash",
            "lpm_trie",
            "array_of_maps",
            "hash_of_maps",
            "devmap",
            "sockmap",
            "cpumap",
            "xskmap",
            "sockhash",
            "cgroup_storage",
            "reuseport_sockarray",
            "percpu_cgroup_storage",
            "queue",
            "stack",
            "sk_storage",
            "devmap_hash",
            "struct_ops",
            "ringbuf",
            "inode_storage",
            "task_storage",
            "bloom_filter",
            "user_ringbuf",
            "cgrp_storage",
            "arena",
        ];
        if (self.0 as usize) < NAMES.len() { NAMES[self.0 as usize] } else { "unknown" }
    }
}

impl fmt::Display for MapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for MapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
