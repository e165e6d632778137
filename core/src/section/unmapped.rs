//! A map that cannot be mapped: system calls read and write it as a whole.

use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::bpf::{Elements, Update};
use crate::error::{ElementError, PlaceError, SectionError};
use crate::mapping::open::BPF_F_RDONLY_PROG;
use crate::sys::process::Process;

/// The key of an array's first element.
const FIRST: [u8; 4] = 0u32.to_ne_bytes();

/// An array map of one value.
#[derive(Debug)]
pub(super) struct Unmapped {
    elements: Elements,
    /// The bytes of its value.
    len: usize,
    changing: Changing,
}

impl Unmapped {
    /// Opens an array map. (A map of another type cannot be mmapable, so it never comes here.)
    pub(super) fn new(map: BorrowedFd<'_>) -> Result<Self, SectionError> {
        let elements = Elements::of(map)?;
        let info = &elements.info;
        if info.max_entries != 1 {
            return Err(SectionError::SeveralValues { map: info.name, entries: info.max_entries });
        }
        Ok(Self { len: elements.value_size(), elements, changing: Changing(AtomicU64::new(0)) })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The range of `size` bytes at `offset`, if they are in the value.
    pub(super) fn range(&self, offset: usize, size: usize) -> Result<Range<usize>, PlaceError> {
        let end = offset.checked_add(size).filter(|end| *end <= self.len);
        Ok(offset..end.ok_or(PlaceError::OutOfRange { offset, size, len: self.len })?)
    }

    /// Copies the `size` bytes at `offset`. The kernel copies the whole value for it.
    pub(super) fn read(&self, offset: usize, size: usize) -> Result<Vec<u8>, ElementError> {
        Ok(self.value()?[self.range(offset, size)?].to_vec())
    }

    /// Writes bytes if nobody can write the others meanwhile: programs cannot write to the map, or
    /// there are no others.
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), ElementError> {
        let read_only_for_programs = self.elements.info.map_flags & BPF_F_RDONLY_PROG != 0;
        if read_only_for_programs || bytes.len() == self.len {
            self.write_back(offset, bytes)
        } else {
            Err(ElementError::WouldLoseWrites { map: self.elements.map(), size: bytes.len(), len: self.len })
        }
    }

    /// Reads the value, changes bytes of it, and writes it back.
    pub(super) fn write_back(&self, offset: usize, bytes: &[u8]) -> Result<(), ElementError> {
        let _held = self.changing.hold();
        let mut value = self.value()?;
        value[self.range(offset, bytes.len())?].copy_from_slice(bytes);
        self.elements.update(&FIRST, &value, Update::Always)
    }

    fn value(&self) -> Result<Vec<u8>, ElementError> {
        let mut value = vec![0; self.len];
        if !self.elements.lookup(&FIRST, &mut value)? {
            // An array always has its first element.
            return Err(ElementError::NoSuchKey { map: self.elements.map() });
        }
        Ok(value)
    }
}

/// A lock, held from reading a value to writing it back: the process that holds it, or 0.
///
/// It is not a `Mutex`: a child that is forked while another thread holds it would wait for a
/// thread that it does not have. It takes the lock over, since the holder is another process.
#[derive(Debug)]
struct Changing(AtomicU64);

impl Changing {
    fn hold(&self) -> Held<'_> {
        let own = Process::current().number();
        loop {
            let holder = self.0.load(Ordering::Relaxed);
            let taken =
                holder != own && self.0.compare_exchange(holder, own, Ordering::Acquire, Ordering::Relaxed).is_ok();
            if taken {
                return Held(self);
            }
            thread::yield_now();
        }
    }
}

/// Gives a lock back when it is dropped.
struct Held<'a>(&'a Changing);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.store(0, Ordering::Release);
    }
}
