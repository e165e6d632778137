//! The elements of a map as bytes, moved by system calls: for a map that is not mapped, or cannot
//! be.

use std::any::type_name;
use std::borrow::Cow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::bpf::info::MapInfo;
use crate::error::{ElementError, MapError, MapName, MapType, PlaceError, ReadOnlyReason, SystemError};
use crate::sys::ENOTSUPP;
use crate::sys::bpf as sys;
use crate::sys::cpus;
use crate::sys::process;

/// Map types whose lookup copies one value (`bpf_map_copy_value` in kernel/bpf/syscall.c).
const ONE_VALUE: [MapType; 5] =
    [MapType::HASH, MapType::ARRAY, MapType::LRU_HASH, MapType::LPM_TRIE, MapType::CGROUP_STORAGE];
/// Map types whose lookup copies a value for each CPU.
const ONE_PER_CPU: [MapType; 4] =
    [MapType::PERCPU_HASH, MapType::PERCPU_ARRAY, MapType::LRU_PERCPU_HASH, MapType::PERCPU_CGROUP_STORAGE];

/// A map whose elements are looked up and updated by key.
#[derive(Debug)]
pub(crate) struct Elements {
    fd: OwnedFd,
    pub(crate) info: MapInfo,
    /// The bytes of a key's value, or of its values for all CPUs, each rounded up to 8 bytes.
    stride: usize,
    /// The most bytes that a lookup writes: at least `stride`.
    room: usize,
}

/// What one call for a batch of elements gave.
pub(crate) enum Fetched {
    /// The call filled in `count` elements; `more` says whether there may be more.
    Elements { count: usize, more: bool },
    /// The buffers are too small for the elements that the kernel gives only together.
    TooSmall,
    /// The kernel has no batches for maps of this type, or none at all.
    NoBatches,
}

impl Elements {
    /// Opens the elements of a map, whose descriptor it duplicates.
    pub(crate) fn of(map: BorrowedFd<'_>) -> Result<Self, MapError> {
        let (fd, info) = MapInfo::query_duplicate(map)?;
        let value_size = info.value_size as usize;
        let (stride, room) = if ONE_VALUE.contains(&info.map_type) {
            (value_size, value_size)
        } else if ONE_PER_CPU.contains(&info.map_type) {
            // This does not overflow: the kernel holds as many bytes for each key.
            let (one, possible) = (value_size.next_multiple_of(8), cpus::possible_cpus()?);
            (one * possible, one * cpus::at_most()?.max(possible))
        } else {
            return Err(MapError::NoLookups { map: info.name, map_type: info.map_type });
        };
        Ok(Self { fd, info, stride, room })
    }

    /// Opens a map without keys, which must be of one of these types.
    pub(crate) fn without_keys(
        map: BorrowedFd<'_>,
        types: &[MapType],
        expected: &'static str,
    ) -> Result<Self, MapError> {
        let (fd, info) = MapInfo::query_duplicate(map)?;
        if !types.contains(&info.map_type) {
            return Err(MapError::OtherType { map: info.name, map_type: info.map_type, expected });
        }
        // `bpf_map_value_size` in kernel/bpf/syscall.c: one value.
        let room = info.value_size as usize;
        Ok(Self { fd, info, stride: room, room })
    }

    pub(crate) fn map(&self) -> MapName {
        self.info.name
    }

    pub(crate) fn key_size(&self) -> usize {
        self.info.key_size as usize
    }

    pub(crate) fn value_size(&self) -> usize {
        self.info.value_size as usize
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.info.map_type, MapType::ARRAY | MapType::PERCPU_ARRAY)
    }

    /// The length of what `lookup_bytes` returns and an update takes.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// The length of the buffer for a lookup.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Returns whether it is a hash table. A walk over one in batches goes on from a bucket, not
    /// from a key.
    pub(crate) fn is_hash(&self) -> bool {
        use MapType as T;
        [T::HASH, T::LRU_HASH, T::PERCPU_HASH, T::LRU_PERCPU_HASH].contains(&self.info.map_type)
    }

    fn is_per_cpu(&self) -> bool {
        ONE_PER_CPU.contains(&self.info.map_type)
    }

    /// Checks the length of a key.
    fn check_key(&self, key: &[u8]) -> Result<(), PlaceError> {
        self.check_key_size(type_name::<[u8]>(), key.len())
    }

    pub(crate) fn check_key_size(&self, type_name: &'static str, size: usize) -> Result<(), PlaceError> {
        let (map, key_size) = (self.map(), self.key_size());
        if size == key_size { Ok(()) } else { Err(PlaceError::KeySize { type_name, size, key_size, map }) }
    }

    pub(crate) fn check_value_size(&self, type_name: &'static str, size: usize) -> Result<(), PlaceError> {
        let (map, value_size) = (self.map(), self.value_size());
        if size == value_size { Ok(()) } else { Err(PlaceError::ValueSize { type_name, size, value_size, map }) }
    }

    /// The error for a buffer that is not as long as a key's values.
    fn wrong_length(&self, size: usize, value_size: usize) -> PlaceError {
        PlaceError::ValueSize { type_name: type_name::<[u8]>(), size, value_size, map: self.map() }
    }

    /// Checks the length of a key, and that a buffer has all bytes that the kernel may touch.
    fn check_buffers(&self, key: &[u8], value: &[u8]) -> Result<(), PlaceError> {
        self.check_key(key)?;
        if value.len() < self.room { Err(self.wrong_length(value.len(), self.room)) } else { Ok(()) }
    }

    /// Copies the value of a key into `value`. Returns false if there is no such key.
    pub(crate) fn lookup(&self, key: &[u8], value: &mut [u8]) -> Result<bool, ElementError> {
        self.check_buffers(key, value)?;
        // SAFETY: `check_buffers` checked both lengths. `key_size` is what the kernel said of this
        // very descriptor. A lookup writes at most `room` bytes: `of` and `without_keys` let only
        // the types pass for which it is one value, or one for each CPU, each rounded up to 8 bytes
        // (`bpf_map_value_size` in kernel/bpf/syscall.c). The number of CPUs is an upper bound from
        // the kernel itself.
        match unsafe { sys::lookup(self.fd.as_fd(), false, key, value) } {
            Ok(()) => Ok(true),
            Err(libc::ENOENT) => Ok(false),
            Err(errno) => Err(self.not_read("look up a value in the map", errno)),
        }
    }

    /// Looks up a key as `lookup` does, and removes it.
    pub(crate) fn take(&self, key: &[u8], value: &mut [u8]) -> Result<bool, ElementError> {
        self.check_buffers(key, value)?;
        if self.is_hash() || self.key_size() == 0 {
            // SAFETY: as in `lookup`.
            match unsafe { sys::lookup(self.fd.as_fd(), true, key, value) } {
                Ok(()) => return Ok(true),
                Err(libc::ENOENT) => return Ok(false),
                // The kernel has no such command for this type of map. Or it may not be read, or
                // not be written: the two steps tell which.
                Err(ENOTSUPP | libc::EINVAL | libc::EPERM) => {}
                Err(errno) => return Err(self.not_read("look up and remove a key of the map", errno)),
            }
        }
        Ok(self.lookup(key, value)? && self.remove(key)?)
    }

    /// Returns what a lookup of the key copies; `None` if there is no such key.
    pub(crate) fn lookup_bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ElementError> {
        let mut value = vec![0; self.room];
        let found = self.lookup(key, &mut value)?;
        value.truncate(self.stride);
        Ok(found.then_some(value))
    }

    /// Sets the bytes that `lookup_bytes` returns.
    pub(crate) fn update(&self, key: &[u8], value: &[u8], how: Update) -> Result<(), ElementError> {
        if value.len() != self.stride {
            return Err(self.wrong_length(value.len(), self.stride).into());
        }
        self.set(key, &self.with_room(value, 1), how)
    }

    /// Gives the values of `count` keys the room that the kernel may read at most.
    fn with_room<'a>(&self, values: &'a [u8], count: usize) -> Cow<'a, [u8]> {
        if values.len() >= self.room * count {
            return values.into();
        }
        let mut with_room = vec![0; self.room * count];
        with_room[..values.len()].copy_from_slice(values);
        with_room.into()
    }

    /// Sets all of a key's bytes. `value` must have as many as the kernel may read.
    fn set(&self, key: &[u8], value: &[u8], how: Update) -> Result<(), ElementError> {
        self.check_buffers(key, value)?;
        // SAFETY: as in `lookup`: an update reads as many bytes as a lookup writes.
        let result = unsafe { sys::update(self.fd.as_fd(), key, value, how as u64) };
        result.map_err(|errno| self.not_updated(key, errno))
    }

    /// Removes a key. Returns false if there was none.
    pub(crate) fn remove(&self, key: &[u8]) -> Result<bool, ElementError> {
        self.check_key(key)?;
        if self.is_array() {
            return Err(ElementError::NotRemovable { map: self.map(), map_type: self.info.map_type });
        }
        // SAFETY: `check_key`: the key is as long as the kernel said of this very descriptor.
        match unsafe { sys::delete(self.fd.as_fd(), key) } {
            Ok(()) => Ok(true),
            Err(libc::ENOENT) => Ok(false),
            Err(libc::EPERM) => Err(self.not_writable()),
            Err(errno) => Err(SystemError::Os { operation: "remove a key from the map", errno }.into()),
        }
    }

    /// Replaces `key` by the next key, or by the first one if `begun` is false.
    ///
    /// Returns false if there are no more.
    pub(crate) fn next_key(&self, begun: bool, key: &mut [u8]) -> Result<bool, ElementError> {
        self.check_key(key)?;
        // SAFETY: `check_key`: the key is as long as the kernel said of this very descriptor.
        match unsafe { sys::next_key(self.fd.as_fd(), begun, key) } {
            Ok(()) => Ok(true),
            Err(libc::ENOENT) => Ok(false),
            Err(errno) => Err(self.not_read("walk over the keys of the map", errno)),
        }
    }

    /// The length of the cursor of `lookup_batch`: that of a key, and at least 4 bytes.
    pub(crate) fn cursor_len(&self) -> usize {
        self.key_size().max(4)
    }

    /// Copies as many elements as the buffers hold: the first ones, or if `begun` those from
    /// `cursor` on. If `take` is true, it removes them.
    pub(crate) fn lookup_batch(
        &self,
        take: bool,
        begun: bool,
        cursor: &mut [u8],
        keys: &mut [u8],
        values: &mut [u8],
    ) -> Result<Fetched, ElementError> {
        let count = self.count(keys, values, self.room)?;
        if cursor.len() < self.cursor_len() {
            return Err(SystemError::Os { operation: "walk over the map", errno: libc::EINVAL }.into());
        }
        // SAFETY: `keys` and `values` have room for `count` of each: `self.count` computed it from
        // the length that the kernel gave for this very descriptor, and from the most that one
        // lookup writes (see `lookup`). The cursor's length was checked just now.
        let (found, result) = unsafe { sys::lookup_batch(self.fd.as_fd(), take, begun, cursor, keys, values, count) };
        // The kernel's count is not trusted: it never reaches beyond the buffers.
        let filled = |more| Fetched::Elements { count: found.min(count) as usize, more };
        match result {
            Ok(()) => Ok(filled(true)),
            Err(libc::ENOENT) => Ok(filled(false)),
            // Kernels before 6.14 say so if a key was removed while they looked it up. The elements
            // before it were copied.
            Err(libc::EINTR) if found < count => Ok(filled(true)),
            Err(libc::ENOSPC) => Ok(Fetched::TooSmall),
            Err(ENOTSUPP | libc::EINVAL) if !begun => Ok(Fetched::NoBatches),
            // One by one, `take` tells whether the map may not be read, or not be written.
            Err(libc::EPERM) if take => Ok(Fetched::NoBatches),
            Err(errno) => Err(self.not_read("walk over the map", errno)),
        }
    }

    /// Sets the values of many keys, in order. An error comes with how many were set before it.
    pub(crate) fn update_batch(&self, keys: &[u8], values: &[u8]) -> Result<(), (usize, ElementError)> {
        let all = self.count(keys, values, self.stride).map_err(|error| (0, error.into()))?;
        let with_room = self.with_room(values, all as usize);
        // SAFETY: `keys` and `with_room` hold `all` of each: `self.count` computed it from the
        // length that the kernel gave for this very descriptor, and `with_room` gave each value as
        // many bytes as the kernel reads at most (see `set`).
        let (done, result) = unsafe { sys::update_batch(self.fd.as_fd(), keys, &with_room, all) };
        let Err(errno) = result else { return Ok(()) };
        // A kernel that refuses the whole command leaves the count as it was.
        let done = if done < all { done as usize } else { 0 };
        let (keys, values) = (keys.chunks_exact(self.key_size()), values.chunks_exact(self.stride));
        let mut rest = keys.zip(values).enumerate().skip(done);
        match errno {
            // Single updates replace the command. The first one that fails shows the cause.
            ENOTSUPP | libc::EINVAL => {
                rest.try_for_each(|(i, (key, value))| self.update(key, value, Update::Always).map_err(|e| (i, e)))
            }
            errno => Err((done, self.not_updated(rest.next().map_or(&[][..], |(_, (key, _))| key), errno))),
        }
    }

    /// Counts the elements in two buffers, which must hold as many keys as values of this size.
    fn count(&self, keys: &[u8], values: &[u8], size: usize) -> Result<u32, PlaceError> {
        let whole = |len: usize, size: usize| len.checked_div(size).filter(|count| count * size == len);
        let (of_keys, of_values) = (whole(keys.len(), self.key_size()), whole(values.len(), size));
        let count = of_keys.filter(|_| of_keys == of_values).and_then(|count| u32::try_from(count).ok());
        let (given, expected) = (values.len() / size.max(1), keys.len() / self.key_size().max(1));
        count.ok_or(PlaceError::LengthMismatch { given, expected })
    }

    /// Refuses a map with a value for each CPU, or with one alone.
    pub(crate) fn check_per_cpu(&self, per_cpu: bool) -> Result<(), ElementError> {
        let (map, map_type) = (self.map(), self.info.map_type);
        match (self.is_per_cpu(), per_cpu) {
            (true, false) => Err(ElementError::PerCpuValues { operation: "open", map, map_type }),
            (false, true) => Err(ElementError::NotPerCpu { map, map_type }),
            _ => Ok(()),
        }
    }

    fn not_read(&self, operation: &'static str, errno: i32) -> ElementError {
        match errno {
            libc::EPERM => MapError::WriteOnlyDescriptor { map: self.map() }.into(),
            errno => SystemError::Os { operation, errno }.into(),
        }
    }

    /// The error for a key whose value the kernel did not set.
    fn not_updated(&self, key: &[u8], errno: i32) -> ElementError {
        let (map, max_entries) = (self.map(), self.info.max_entries);
        match errno {
            libc::EPERM => self.not_writable(),
            libc::EEXIST => ElementError::KeyExists { map },
            libc::ENOENT => ElementError::NoSuchKey { map },
            libc::E2BIG if self.is_array() => {
                let index = key.try_into().map_or(u32::MAX, u32::from_ne_bytes);
                PlaceError::IndexOutOfRange { index: index as usize, len: max_entries as usize }.into()
            }
            libc::E2BIG | libc::ENOSPC => ElementError::Full { map, max_entries },
            errno => SystemError::Os { operation: "update a value of the map", errno }.into(),
        }
    }

    /// The error for a map that the kernel does not let user space change.
    fn not_writable(&self) -> ElementError {
        let frozen = process::is_frozen(self.fd.as_fd());
        let reason = if frozen { ReadOnlyReason::Frozen } else { ReadOnlyReason::Descriptor };
        ElementError::NotWritable { map: self.map(), reason }
    }
}

/// Which keys an update may set.
///
/// ```no_run
/// use mapvalue::bpf::{TypedMap, Update};
/// use mapvalue::{ElementError, Error};
///
/// # fn open(flows: TypedMap<u32, u64>) -> Result<(), Error> {
/// flows.update(&7, &1, Update::Always)?; // inserts, or replaces
/// let again = flows.update(&7, &2, Update::IfAbsent);
/// assert!(matches!(again, Err(ElementError::KeyExists { .. })));
/// let absent = flows.update(&8, &2, Update::IfPresent);
/// assert!(matches!(absent, Err(ElementError::NoSuchKey { .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Update {
    /// Any key; it is inserted if it is not there (`BPF_ANY`).
    #[default]
    #[doc(alias("BPF_ANY", "ANY"))]
    Always = 0,
    /// Only a key that is not there yet (`BPF_NOEXIST`).
    #[doc(alias("BPF_NOEXIST", "NO_EXIST"))]
    IfAbsent = 1,
    /// Only a key that is there (`BPF_EXIST`).
    #[doc(alias("BPF_EXIST", "EXIST"))]
    IfPresent = 2,
}
