//! Copies of values in an arena: by loads, or by a system call where a load may end this process.

use std::any::type_name;
use std::process;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
#[cfg(doc)]
use crate::error::ValueError;
use crate::error::{ArenaPtrError, SystemError};
use crate::sys::errno;
use crate::value::codec;
use crate::value::{self, ArenaPtr, MapValue, ReadOnly};

/// Copying
impl Arena {
    /// Copies the value that a pointer leads to, and checks the enums in it.
    ///
    /// Each leaf is copied by a relaxed load, so none is torn.
    ///
    /// In an arena with [`SEGV_ON_FAULT`](ArenaFlags::SEGV_ON_FAULT) the kernel copies it
    /// (`process_vm_readv` on this process, a microsecond or two), and an absent page is an error.
    /// The kernel promises neither width nor order for that copy, so **a leaf that is written
    /// meanwhile may be torn**. (On x86-64 with Linux 6.18, none of 390 million 8-byte leaves was,
    /// while a program changed them.) Where it matters, let the writer add a checksum, or read
    /// twice.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let arena = Arena::memfd(1)?;
    /// arena.get(arena.at::<[u32; 2]>(64))?[0].store(7);
    /// assert_eq!(arena.read(arena.at::<[u32; 2]>(64))?, [7, 0]);
    /// assert!(arena.read(ArenaPtr::<u32>::null()).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`get_ro`](Self::get_ro), but instead of `ArenaFaults` [`ArenaPtrError::PageAbsent`]
    /// if there is no page; [`ValueError::InvalidValue`]; [`SystemError::Os`] where the system call
    /// is forbidden (`EPERM`, `ENOSYS`).
    #[inline]
    pub fn read<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<T, ArenaPtrError> {
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return self.copy(ptr);
        }
        value::try_load::<T, ReadOnly>(self.get_ro(ptr)?).map_err(ArenaPtrError::from)
    }

    /// As `read`, by the kernel.
    fn copy<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<T, ArenaPtrError> {
        let size = size_of::<T>();
        let offset = self.resolve(ptr, size)?;
        let mut copy = vec![0; size];
        let copied = copy_from(self.rest.mapping.base().as_ptr().wrapping_add(offset), &mut copy)?;
        if copied < size {
            let address = self.start + offset as u64 + copied as u64;
            return Err(ArenaPtrError::PageAbsent { type_name: type_name::<T>(), address });
        }
        Ok(codec::decode(&copy)?)
    }
}

/// Copies bytes of this process up to the first absent page. Returns how many.
pub(crate) fn copy_from(place: *mut u8, out: &mut [u8]) -> Result<usize, ArenaPtrError> {
    let to = libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: out.len() };
    let from = libc::iovec { iov_base: place.cast(), iov_len: out.len() };
    let this = process::id().cast_signed();
    // SAFETY: the kernel writes at most `out.len()` bytes, to `out`. The bytes it reads need not be
    // mapped: it reports that.
    let copied = unsafe { libc::process_vm_readv(this, &raw const to, 1, &raw const from, 1, 0) };
    usize::try_from(copied).or_else(|_| match errno() {
        libc::EFAULT => Ok(0),
        errno => Err(SystemError::Os { operation: "copy out of an arena (process_vm_readv)", errno }.into()),
    })
}
