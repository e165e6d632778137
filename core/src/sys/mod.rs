//! The system beneath: `bpf(2)`, `membarrier(2)`, and what the kernel tells of processes, descriptors and CPUs.
//!
//! Numbers go in and come out; what an error number means is known by who asks.

pub(crate) mod bpf;
pub(crate) mod cpus;
pub(crate) mod membarrier;
pub(crate) mod process;

/// The kernel's own ENOTSUPP, which has no name in user space.
pub(crate) const ENOTSUPP: i32 = 524;

/// The error number of the system call that has just failed.
pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
