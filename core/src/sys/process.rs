//! Facts about this process and its descriptors: `uname(2)`, `sysconf(3)`, /proc.
//!
//! Descriptors are looked up in /proc/thread-self (Linux 3.17): a thread may have a table of its
//! own (`unshare(CLONE_FILES)`), and /proc/self shows that of the first thread.

use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapMut;

use crate::error::KernelVersion;
use crate::sys::errno;
use crate::sys::once::Once;

/// A process, told apart from those that it was forked from.
///
/// The process number cannot do that: a new namespace's first child can have its parent's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u64);

impl Process {
    /// Returns the process that runs this.
    pub(crate) fn current() -> Self {
        /// Zero in a child, until it asks.
        static HERE: Once<AtomicU64> = Once::new();
        /// Larger in a child than the number of each process that it was forked from.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // SAFETY: zero is a valid `AtomicU64`.
        let here = HERE.get_or(|| unsafe { wiped_on_fork() }.ok_or(()));
        // Without such memory (before Linux 4.14), the process number is the best there is.
        let Ok(here) = here else { return Self(u64::from(process::id()) | 1 << 63) };
        let mut number = here.load(Ordering::Relaxed);
        if number == 0 {
            number = NEXT.fetch_add(1, Ordering::Relaxed);
            if let Err(found) = here.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed) {
                number = found;
            }
        }
        Self(number)
    }

    /// Returns a number that no process it was forked from has, and that is not 0.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// Returns zeroed memory for a `T`, never freed, which a forked child finds zeroed again.
/// `None` if the kernel lacks `MADV_WIPEONFORK` (Linux 4.14) or memory.
///
/// # Safety
///
/// All bytes zero are a valid `T`, whose fields are atomics, and whose alignment is a page's at
/// most.
pub(crate) unsafe fn wiped_on_fork<T: Sync>() -> Option<&'static T> {
    let mut memory = MmapMut::map_anon(size_of::<T>()).ok()?;
    // SAFETY: the range is the mapping just made; the advice only changes what a child will have.
    if unsafe { libc::madvise(memory.as_mut_ptr().cast(), memory.len(), libc::MADV_WIPEONFORK) } != 0 {
        return None;
    }
    let place = NonNull::new(memory.as_mut_ptr())?.cast::<T>();
    std::mem::forget(memory);
    // SAFETY: these are `size_of::<T>()` zeros, aligned to a page, so a `T` (the caller's promise).
    // They stay mapped, since their owner was forgotten, and nobody else knows of them. The kernel
    // wipes them in a child before that runs.
    Some(unsafe { place.as_ref() })
}

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
        names.release.iter().take_while(|c| **c != 0).map(|c| char::from(c.to_ne_bytes()[0])).collect();
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
