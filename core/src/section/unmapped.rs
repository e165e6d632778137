//! A map that cannot be mapped, read and written as a whole by system calls.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use crate::bpf::open::BPF_F_RDONLY_PROG;
use crate::bpf::{MapInfo, sys};
use crate::{Error, MapName, ReadOnlyReason};

/// An array map of one value.
#[derive(Debug)]
pub(super) struct Unmapped {
    fd: OwnedFd,
    map: MapName,
    /// Bytes of its value.
    len: usize,
    /// Whether BPF programs cannot write to it.
    read_only_for_programs: bool,
    /// Held from reading the value to writing it back.
    changing: Mutex<()>,
}

impl Unmapped {
    /// For an array map, which is what maps are that could be mapped if they were mmapable. `info` is of this very descriptor.
    pub(super) fn new(map: BorrowedFd<'_>, info: &MapInfo) -> Result<Self, Error> {
        if info.max_entries != 1 {
            return Err(Error::SeveralValues { map: info.name, entries: info.max_entries });
        }
        let fd = map.try_clone_to_owned().map_err(|error| Error::os("duplicate the descriptor of a map", &error))?;
        Ok(Self {
            fd,
            map: info.name,
            len: info.value_size as usize,
            read_only_for_programs: info.map_flags & BPF_F_RDONLY_PROG != 0,
            changing: Mutex::new(()),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// A copy of the `size` bytes at `offset`, for which all of the value is read.
    pub(super) fn read(&self, offset: usize, size: usize) -> Result<Vec<u8>, Error> {
        let mut value = self.value()?;
        let end = offset.checked_add(size).filter(|end| *end <= self.len);
        let end = end.ok_or(Error::OutOfRange { offset, size, len: self.len })?;
        value.truncate(end);
        Ok(value.split_off(offset))
    }

    /// Writes bytes where nobody can be writing the others: programs cannot, or there are no others.
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        if self.read_only_for_programs || bytes.len() == self.len {
            self.write_back(offset, bytes)
        } else {
            Err(Error::WouldLoseWrites { map: self.map, size: bytes.len(), len: self.len })
        }
    }

    /// Reads the value, changes bytes of it, and writes it back.
    pub(super) fn write_back(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut value = self.value()?;
        let range = offset..offset.saturating_add(bytes.len());
        let out_of_range = Error::OutOfRange { offset, size: bytes.len(), len: self.len };
        value.get_mut(range).ok_or(out_of_range)?.copy_from_slice(bytes);
        // SAFETY: this is an array map (`Mapping::from_map` says `NotMmapable` or `KernelTooOld`, after which `new` is called, of no
        // other: `Geometry::of` checks the type first), and `value` has the length that the kernel told of the values of this
        // very descriptor, which `new` has duplicated.
        unsafe { sys::update_first(self.fd.as_fd(), &value) }.map_err(|errno| match errno {
            libc::EPERM => Error::NotWritable { map: self.map, reason: self.read_only_reason() },
            errno => Error::Os { operation: "update the value of the map", errno },
        })
    }

    /// Why the kernel refuses updates.
    fn read_only_reason(&self) -> ReadOnlyReason {
        if sys::is_frozen(self.fd.as_fd()) { ReadOnlyReason::Frozen } else { ReadOnlyReason::Descriptor }
    }

    fn value(&self) -> Result<Vec<u8>, Error> {
        let mut value = vec![0; self.len];
        // SAFETY: as in `write_back`.
        unsafe { sys::lookup_first(self.fd.as_fd(), &mut value) }.map_err(|errno| match errno {
            libc::EPERM => Error::WriteOnlyDescriptor { map: self.map },
            errno => Error::Os { operation: "look up the value of the map", errno },
        })?;
        Ok(value)
    }
}
