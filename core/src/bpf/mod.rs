//! A map as the kernel has it: what it is (`info`), how an array's values lie in memory
//! (`geometry`), and the types of its keys and values (`types`). `mapping` maps it, and `sys` makes
//! the system calls.
//!
//! System calls reach the elements of a map that is not mapped: [`TypedMap`] moves Rust types,
//! [`lookup_bytes`] moves bare bytes. (`elements` checks their lengths, `walk` goes over all of
//! them.) [`open_pin`] and [`open_id`] open a map that another process made (`pin`). [`run`] calls
//! a program.
//!
//! Facts come from the kernel alone (`BPF_OBJ_GET_INFO_BY_FD`), never from the loader that made the
//! map.

pub(crate) mod elements;
pub(crate) mod geometry;
pub(crate) mod info;
pub(crate) mod pin;
pub(crate) mod queue;
pub(crate) mod run;
pub(crate) mod typed;
pub(crate) mod types;
pub(crate) mod walk;

use std::os::fd::AsFd;

pub(crate) use elements::Elements;
pub use elements::Update;
pub use info::MapInfo;
pub(crate) use info::MapTypes;
pub(crate) use pin::pin_as;
pub use pin::{open_id, open_pin, pin};
pub use queue::{BloomFilter, Queue};
pub use run::run;
pub(crate) use typed::sealed;
pub use typed::{Entries, Keys, MapEntry, TypedMap};
pub use types::{TypeCheck, check_map_key, check_map_value};

#[cfg(doc)]
use crate::error::PlaceError;
use crate::error::{ElementError, MapError, SystemError};
use crate::sys::ENOTSUPP;
use crate::sys::bpf as sys;
use crate::sys::process;

/// Freezes a map (`BPF_MAP_FREEZE`, Linux 5.2): user space can no longer change it.
///
/// That holds for mappings and for updates. Freezing a frozen map is not an error, if /proc is
/// mounted to show that it is frozen.
///
/// Since Linux 6.5 it takes a descriptor that is open for writing. Before, it takes `CAP_BPF`
/// (`CAP_SYS_ADMIN` before Linux 5.8), and any descriptor of the map will do.
///
/// ```no_run
/// use mapvalue::{Array, Mapping, bpf};
///
/// # fn open(rodata: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let mapping = Mapping::from_map(&rodata)?;
/// mapping.var::<u64>(0)?.store(1500);
/// drop(mapping); // else it is EBUSY
/// bpf::freeze(&rodata)?;
/// assert!(Mapping::from_map(&rodata)?.is_read_only());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MapError::MappedWritable`] (EBUSY) while anyone has the map mapped writable, a `Mapping` of
/// this process included: drop its last handle first. [`SystemError::PermissionDenied`],
/// [`SystemError::BadDescriptor`], [`MapError::NotAMap`]. [`MapError::SpecialFields`] if the values
/// have special fields. (Linux 6.1 and older freeze maps with spin locks all the same.)
///
/// Where /proc is not mounted, freezing a frozen map is [`MapError::MappedWritable`] before Linux
/// 6.5, and [`SystemError::PermissionDenied`] since.
pub fn freeze(map: impl AsFd) -> Result<(), MapError> {
    let map = map.as_fd();
    let info = MapInfo::query(map)?;
    // This comes first: nobody may write to a frozen map, so for one the kernel says EPERM, not
    // EBUSY.
    if process::is_frozen(map) {
        return Ok(());
    }
    sys::freeze(map).map_err(|errno| match errno {
        libc::EBUSY => MapError::MappedWritable { map: info.name },
        libc::EPERM => SystemError::PermissionDenied {
            operation: "freeze a map",
            capability: "a descriptor opened for writing of a map that is not frozen yet, or, before Linux 6.5, CAP_BPF",
        }.into(),
        ENOTSUPP => MapError::SpecialFields { map: info.name },
        errno => SystemError::Os { operation: "freeze the map", errno }.into(),
    })
}

/// Looks up the bytes of a key's value by a system call; `None` if there is no such key.
///
/// A per-CPU map has a value for each CPU that there can be. Their bytes come in the order of the
/// CPUs' numbers, each value rounded up to 8 bytes. The key of an array is the 4 bytes of the
/// index.
///
/// It serves maps of type array, hash, `lru_hash`, `lpm_trie` and `cgroup_storage`, and the per-CPU
/// ones (Linux 4.13, which is the first to say a map's sizes).
/// [`MapValue::from_bytes`](crate::MapValue::from_bytes) makes a value of the bytes.
///
/// ```no_run
/// use mapvalue::{PerCpu, bpf};
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// // The value of index 0 in a per-CPU array of `u64`.
/// if let Some(bytes) = bpf::lookup_bytes(&fd, &0u32.to_ne_bytes())? {
///     let packets: PerCpu<u64> = PerCpu::from_bytes(&bytes)?;
///     println!("{} packets", packets.sum());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MapError::NoLookups`] for maps of other types, [`PlaceError::KeySize`],
/// [`MapError::WriteOnlyDescriptor`] if the descriptor was opened with `BPF_F_WRONLY`,
/// [`SystemError::BadDescriptor`], [`MapError::NotAMap`], [`SystemError::PermissionDenied`],
/// [`SystemError::Os`].
pub fn lookup_bytes(map: impl AsFd, key: &[u8]) -> Result<Option<Vec<u8>>, ElementError> {
    Elements::of(map.as_fd())?.lookup_bytes(key)
}

/// Sets the bytes of a key's value by a system call (Linux 4.13).
///
/// They are the bytes that [`lookup_bytes`] returns: for a per-CPU map, the values of all CPUs.
///
/// ```no_run
/// use mapvalue::bpf::{self, Update};
/// use mapvalue::{MapValue, PerCpu};
///
/// # use std::os::fd::OwnedFd;
/// # fn open(array: OwnedFd, per_cpu: OwnedFd) -> Result<(), mapvalue::Error> {
/// bpf::update_bytes(&array, &7u32.to_ne_bytes(), &1500u64.to_bytes(), Update::Always)?;
/// let zeros = PerCpu::from_fn(|_| 0u64)?; // one for each CPU
/// bpf::update_bytes(&per_cpu, &0u32.to_ne_bytes(), &zeros.to_bytes(), Update::Always)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`PlaceError::ValueSize`], [`ElementError::KeyExists`] or [`ElementError::NoSuchKey`] as `how`
/// asks, [`ElementError::Full`], [`PlaceError::IndexOutOfRange`] for an array,
/// [`ElementError::NotWritable`] if the map is frozen or the descriptor was opened with
/// `BPF_F_RDONLY`, and those of [`lookup_bytes`].
pub fn update_bytes(map: impl AsFd, key: &[u8], value: &[u8], how: Update) -> Result<(), ElementError> {
    Elements::of(map.as_fd())?.update(key, value, how)
}
