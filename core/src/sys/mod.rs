//! System calls, and what the kernel says about processes, descriptors and CPUs.
//!
//! A failure here is the kernel's `errno`; the caller knows what it means.

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
