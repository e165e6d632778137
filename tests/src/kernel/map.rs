//! Maps made and read by `bpf(2)` itself, without a loader: a view independent of the mapping.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use mapvalue::bpf::MapInfo;

use super::sys;

/// Map types (`enum bpf_map_type` in include/uapi/linux/bpf.h).
pub mod map_type {
    /// `BPF_MAP_TYPE_HASH`
    pub const HASH: u32 = 1;
    /// `BPF_MAP_TYPE_ARRAY`
    pub const ARRAY: u32 = 2;
    /// `BPF_MAP_TYPE_PROG_ARRAY`
    pub const PROG_ARRAY: u32 = 3;
    /// `BPF_MAP_TYPE_PERCPU_HASH`
    pub const PERCPU_HASH: u32 = 5;
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`
    pub const PERCPU_ARRAY: u32 = 6;
    /// `BPF_MAP_TYPE_STACK_TRACE`
    pub const STACK_TRACE: u32 = 7;
    /// `BPF_MAP_TYPE_LRU_HASH`
    pub const LRU_HASH: u32 = 9;
    /// `BPF_MAP_TYPE_LRU_PERCPU_HASH`
    pub const LRU_PERCPU_HASH: u32 = 10;
    /// `BPF_MAP_TYPE_LPM_TRIE`
    pub const LPM_TRIE: u32 = 11;
    /// `BPF_MAP_TYPE_ARRAY_OF_MAPS`
    pub const ARRAY_OF_MAPS: u32 = 12;
    /// `BPF_MAP_TYPE_DEVMAP`
    pub const DEVMAP: u32 = 14;
    /// `BPF_MAP_TYPE_CPUMAP`
    pub const CPUMAP: u32 = 16;
    /// `BPF_MAP_TYPE_CGROUP_STORAGE`
    pub const CGROUP_STORAGE: u32 = 19;
    /// `BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE`
    pub const PERCPU_CGROUP_STORAGE: u32 = 21;
    /// `BPF_MAP_TYPE_QUEUE`
    pub const QUEUE: u32 = 22;
    /// `BPF_MAP_TYPE_STACK`
    pub const STACK: u32 = 23;
    /// `BPF_MAP_TYPE_RINGBUF`
    pub const RINGBUF: u32 = 27;
    /// `BPF_MAP_TYPE_BLOOM_FILTER`
    pub const BLOOM_FILTER: u32 = 30;
    /// `BPF_MAP_TYPE_USER_RINGBUF`
    pub const USER_RINGBUF: u32 = 31;
    /// `BPF_MAP_TYPE_ARENA`
    pub const ARENA: u32 = 33;
}

/// Map flags (include/uapi/linux/bpf.h).
pub mod flags {
    /// `BPF_F_NO_PREALLOC`: for a hash map.
    pub const NO_PREALLOC: u32 = 1;
    /// `BPF_F_RDONLY`: for a descriptor.
    pub const RDONLY: u32 = 1 << 3;
    /// `BPF_F_WRONLY`: for a descriptor.
    pub const WRONLY: u32 = 1 << 4;
    /// `BPF_F_RDONLY_PROG`
    pub const RDONLY_PROG: u32 = 1 << 7;
    /// `BPF_F_MMAPABLE`
    pub const MMAPABLE: u32 = 1 << 10;
    /// `BPF_F_SEGV_ON_FAULT`: for an arena.
    pub const SEGV_ON_FAULT: u32 = 1 << 17;
    /// `BPF_F_NO_USER_CONV`: for an arena.
    pub const NO_USER_CONV: u32 = 1 << 18;
    /// `BPF_F_RB_OVERWRITE`: for a ring buffer.
    pub const RB_OVERWRITE: u32 = 1 << 19;
}

/// A map with keys of 4 bytes, closed when dropped. It panics if the kernel refuses a call, since
/// tests expect success.
#[derive(Debug)]
pub struct Map {
    fd: OwnedFd,
    /// Bytes that a system call moves for one key.
    value_size: usize,
}

impl Map {
    /// A mmapable array map.
    pub fn array(value_size: u32, entries: u32) -> Self {
        Self::create(map_type::ARRAY, flags::MMAPABLE, value_size, entries, "plain")
    }

    /// An array of maps like `inner`, with `inner` at index 0.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn of_maps(inner: impl AsFd, entries: u32) -> Self {
        let inner = inner.as_fd().as_raw_fd().cast_unsigned();
        let fd = sys::create_map(sys::MapCreate {
            map_type: map_type::ARRAY_OF_MAPS,
            key_size: 4,
            value_size: 4,
            max_entries: entries,
            map_flags: 0,
            inner_map_fd: inner,
            numa_node: 0,
            name: *b"outer\0\0\0\0\0\0\0\0\0\0\0",
            no_types: [0; 5],
            map_extra: 0,
        });
        let map = Self { fd: fd.expect("create an array of maps"), value_size: 4 };
        map.update(0, &inner.to_ne_bytes());
        map
    }

    /// A map of any type.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn create(map_type: u32, flags: u32, value_size: u32, entries: u32, name: &str) -> Self {
        let fd = create(map_type, flags, value_size, entries, name)
            .unwrap_or_else(|error| panic!("create map `{name}` of type {map_type} with flags {flags:#x}: {error}"));
        Self { fd, value_size: moved(map_type, value_size) }
    }

    /// The map behind a descriptor, which is duplicated.
    ///
    /// # Panics
    ///
    /// If it is not a map, or there are no more descriptors.
    pub fn of(map: impl AsFd) -> Self {
        let info = MapInfo::query(&map).expect("query a map");
        assert_eq!(info.key_size, 4, "an array or the like");
        let fd = map.as_fd().try_clone_to_owned().expect("duplicate a descriptor");
        Self { fd, value_size: moved(info.map_type.0, info.value_size) }
    }

    /// A second descriptor of the map, opened with `open_flags`.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn reopen(&self, open_flags: u32) -> OwnedFd {
        reopen(self, open_flags)
    }

    /// A descriptor of the BTF object that describes the map.
    ///
    /// # Panics
    ///
    /// If it has none.
    pub fn btf(&self) -> OwnedFd {
        let info = MapInfo::query(self).expect("query a map");
        sys::btf_by_id(info.btf_id).expect("open a BTF object by its id")
    }

    /// Returns the value of a key, by a system call.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn lookup(&self, key: u32) -> Vec<u8> {
        let mut value = vec![0; self.value_size];
        // SAFETY: the maps that these tests look into have keys of 4 bytes, and `value` has the
        // map's value size.
        unsafe { sys::lookup(self.fd.as_fd(), key, &mut value) }.expect("look a key up");
        value
    }

    /// Sets the value of a key, by a system call.
    ///
    /// # Errors
    /// The kernel's error.
    ///
    /// # Panics
    ///
    /// Unless `value` has the length of the map's values.
    pub fn try_update(&self, key: u32, value: &[u8]) -> io::Result<()> {
        assert_eq!(value.len(), self.value_size, "length of the map's values");
        // SAFETY: the maps that these tests update have keys of 4 bytes, and `value` has the map's
        // value size.
        unsafe { sys::update(self.fd.as_fd(), key, value) }
    }

    /// As [`try_update`](Self::try_update), but expects success.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn update(&self, key: u32, value: &[u8]) {
        self.try_update(key, value).expect("update a key");
    }

    /// Deletes a key, by a system call.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn delete(&self, key: u32) {
        sys::delete(self.fd.as_fd(), key).expect("delete a key");
    }

    /// Freezes the map by the system call, without mapvalue.
    ///
    /// # Errors
    /// The kernel's error.
    pub fn freeze(&self) -> io::Result<()> {
        sys::freeze(self.fd.as_fd())
    }
}

/// Bytes that a system call moves for one key. For a map of a `PERCPU` type, libbpf gives the
/// number of CPUs.
fn moved(map_type: u32, value_size: u32) -> usize {
    match map_type {
        map_type::PERCPU_HASH | map_type::PERCPU_ARRAY | map_type::LRU_PERCPU_HASH => {
            (value_size as usize).div_ceil(8) * 8 * libbpf_rs::num_possible_cpus().expect("libbpf counts the CPUs")
        }
        _ => value_size as usize,
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A map of any type.
///
/// # Errors
/// The kernel's error.
pub fn create(map_type: u32, map_flags: u32, value_size: u32, max_entries: u32, name: &str) -> io::Result<OwnedFd> {
    // Rings and arenas have no keys. Of a trie, the keys are 4 bytes of an address; of a cgroup's
    // storage, a `struct bpf_cgroup_storage_key`.
    let keyless = [
        map_type::RINGBUF,
        map_type::USER_RINGBUF,
        map_type::ARENA,
        map_type::QUEUE,
        map_type::STACK,
        map_type::BLOOM_FILTER,
    ];
    let key_size = match map_type {
        map_type::LPM_TRIE => 8,
        map_type::CGROUP_STORAGE | map_type::PERCPU_CGROUP_STORAGE => 16,
        _ if keyless.contains(&map_type) => 0,
        _ => 4,
    };
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    sys::create_map(sys::MapCreate {
        map_type,
        key_size,
        value_size,
        max_entries,
        map_flags,
        inner_map_fd: 0,
        numa_node: 0,
        name: bytes,
        no_types: [0; 5],
        map_extra: 0,
    })
}

/// Creates an arena with these arguments of the kernel.
///
/// # Errors
/// The kernel's error.
pub fn create_arena(map_flags: u32, max_entries: u32, map_extra: u64) -> io::Result<OwnedFd> {
    sys::create_map(sys::MapCreate {
        map_type: map_type::ARENA,
        key_size: 0,
        value_size: 0,
        max_entries,
        map_flags,
        inner_map_fd: 0,
        numa_node: 0,
        name: [0; 16],
        no_types: [0; 5],
        map_extra,
    })
}

/// A second descriptor of a map, opened with `open_flags`.
///
/// # Panics
///
/// If the kernel refuses.
pub fn reopen(map: impl AsFd, open_flags: u32) -> OwnedFd {
    let info = MapInfo::query(map).expect("query a map");
    sys::map_by_id(info.id, open_flags).expect("open a map by its id")
}
