//! Values copied out of an arena: by loads or, where a load may be the end of this process, by a system call.

use std::any::type_name;
use std::io;
use std::process;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
#[cfg(doc)]
use crate::error::ValueError;
use crate::error::{ArenaPtrError, SystemError};
use crate::value::codec;
use crate::value::{ArenaPtr, MapValue, ReadOnly};

/// Copying.
impl Arena {
    /// A copy of the value that a pointer leads to, with the enums inside checked.
    ///
    /// It is made leaf by leaf, each by a relaxed load: none is torn.
    ///
    /// Out of an arena with [`SEGV_ON_FAULT`](ArenaFlags::SEGV_ON_FAULT) the kernel copies it (`process_vm_readv` on this process; a
    /// microsecond or two), and a page that is not there is an error. The kernel promises no width and no order for that copy,
    /// so **a leaf that is written meanwhile may be torn**. (On x86-64 with Linux 6.18 none was, of 390 million leaves of 8
    /// bytes that a program kept changing.) Where it matters, have the writer add a checksum, or read twice.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr, MapValue};
    ///
    /// #[derive(MapValue, Debug, PartialEq)]
    /// #[repr(C)]
    /// struct Job {
    ///     id: u32,
    ///     done: bool,
    /// }
    ///
    /// let arena = Arena::memfd(1)?;
    /// arena.get(arena.at::<Job>(64))?.id.store(7);
    /// assert_eq!(arena.read(arena.at::<Job>(64))?, Job { id: 7, done: false });
    /// assert!(arena.read(ArenaPtr::<Job>::null()).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_ro`](Self::get_ro), but for `ArenaFaults`: [`ArenaPtrError::PageAbsent`] if there is no page; [`ValueError::InvalidValue`];
    /// [`SystemError::Os`] where the system call is forbidden (`EPERM`, `ENOSYS`).
    #[inline]
    pub fn read<T: MapValue>(&self, ptr: ArenaPtr<T>) -> Result<T, ArenaPtrError> {
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return self.copy(ptr);
        }
        T::__try_load::<ReadOnly>(self.get_ro(ptr)?).map_err(ArenaPtrError::from)
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

/// Copies bytes of this process, as far as there are pages; how many.
fn copy_from(place: *mut u8, out: &mut [u8]) -> Result<usize, ArenaPtrError> {
    let to = libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: out.len() };
    let from = libc::iovec { iov_base: place.cast(), iov_len: out.len() };
    let this = process::id().cast_signed();
    // SAFETY: the kernel writes at most `out.len()` bytes, to `out`; what it reads need not be mapped, and it tells if it is not.
    let copied = unsafe { libc::process_vm_readv(this, &raw const to, 1, &raw const from, 1, 0) };
    match usize::try_from(copied) {
        Ok(copied) => Ok(copied),
        Err(_) => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EFAULT) => Ok(0),
            error => Err(SystemError::os("copy out of an arena (process_vm_readv)", &error).into()),
        },
    }
}
