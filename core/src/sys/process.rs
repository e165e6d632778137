//! Facts about this process and its descriptors: `uname(2)`, `sysconf(3)`, /proc.
//!
//! Descriptors are looked up in /proc/thread-self (Linux 3.17): a thread may have a table of its
//! own (`unshare(CLONE_FILES)`), and /proc/self shows that of the first thread.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::error::KernelVersion;
use crate::sys::errno;

/// Returns the size in bytes of the kernel's CPU sets: a bit for each CPU that can exist.
pub(crate) fn cpu_set_len() -> Result<usize, i32> {
    // Larger than any kernel's set: 64 Ki CPUs.
    let mut set = vec![0u64; 1024];
    // SAFETY: the kernel writes at most as many bytes as the call says that there are.
    let written =
        unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(set.as_slice()), set.as_mut_ptr()) };
    usize::try_from(written).map_err(|_| errno())
}

/// Returns the version of the running kernel, 0.0 if it does not say.
pub(crate) fn kernel_version() -> KernelVersion {
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: `names` is valid for writes of one `utsname`.
    let result = unsafe { libc::uname(names.as_mut_ptr()) };
    // SAFETY: all-zero bytes are a valid `utsname` (arrays of characters), and the kernel wrote
    // only characters.
    let names = unsafe { names.assume_init() };
    let release: String =
        names.release.iter().take_while(|c| **c != 0).map(|c| char::from(c.cast_unsigned())).collect();
    if result == 0 { parse_release(&release) } else { parse_release("") }
}

fn parse_release(release: &str) -> KernelVersion {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    KernelVersion { major: next(), minor: next() }
}

/// Returns the file behind the descriptor, as /proc names it (`anon_inode:bpf-map`);
/// empty if /proc is not mounted.
pub(crate) fn link_target(fd: BorrowedFd<'_>) -> String {
    std::fs::read_link(format!("/proc/thread-self/fd/{}", fd.as_raw_fd()))
        .map_or_else(|_| String::new(), |target| target.display().to_string())
}

/// Returns whether the descriptor's fdinfo says that the map is frozen; false without
/// /proc.
pub(crate) fn is_frozen(fd: BorrowedFd<'_>) -> bool {
    let info = std::fs::read_to_string(format!("/proc/thread-self/fdinfo/{}", fd.as_raw_fd())).unwrap_or_default();
    info.lines().any(|line| line.trim_start() == "frozen:\t1")
}

pub(crate) fn page_size() -> usize {
    // SAFETY: `sysconf` only reads its argument.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_strings_are_parsed() {
        assert_eq!(parse_release("6.18.44-generic"), KernelVersion { major: 6, minor: 18 });
        assert_eq!(parse_release("5.4"), KernelVersion { major: 5, minor: 4 });
        assert_eq!(parse_release("7"), KernelVersion { major: 7, minor: 0 });
        assert_eq!(parse_release(""), KernelVersion { major: 0, minor: 0 });
        assert!(parse_release("5.10.1") > parse_release("5.9.9"));
    }
}
