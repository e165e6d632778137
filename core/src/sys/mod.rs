//! System calls, and what the kernel says about processes, descriptors and CPUs.
//!
//! A failure here is the kernel's `errno`; the caller knows what it means.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

pub(crate) mod bpf;
pub(crate) mod cpus;
pub(crate) mod lock;
pub(crate) mod membarrier;
pub(crate) mod once;
pub(crate) mod poll;
pub(crate) mod process;

/// The kernel's own ENOTSUPP, which has no name in user space.
pub(crate) const ENOTSUPP: i32 = 524;

/// Returns the error number of the system call that just failed.
pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// Returns what a system call has just returned, or its error number if that is less than 0.
pub(crate) fn answer(result: impl Into<i64>) -> Result<i64, i32> {
    let result = result.into();
    if result < 0 { Err(errno()) } else { Ok(result) }
}

/// Takes over the descriptor that a system call has just returned.
///
/// # Safety
///
/// It is less than 0, or a new descriptor, which nobody else owns.
pub(crate) unsafe fn opened(result: impl Into<i64>) -> Result<OwnedFd, i32> {
    let fd = RawFd::try_from(answer(result)?).map_err(|_| libc::EBADF)?;
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
