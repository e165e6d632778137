//! Facts about this process, its threads and descriptors: `uname(2)`, `sysconf(3)`, pidfds, /proc.
//!
//! Descriptors are looked up in /proc/thread-self (Linux 3.17): a thread may have a table of its
//! own (`unshare(CLONE_FILES)`), and /proc/self shows that of the first thread.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::process;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapMut;

use crate::error::KernelVersion;
use crate::sys::once::Once;
use crate::sys::{answer, opened};

/// A process, told apart from those that it was forked from.
///
/// The process number cannot do that: a new namespace's first child can have its parent's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(u64);

impl Process {
    /// Returns the process that runs this.
    pub(crate) fn current() -> Self {
        /// Larger in a child than the number of each process that it was forked from.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let here = Self::here();
        // Without such memory (before Linux 4.14), the process number is the best there is.
        let Some(here) = here else { return Self(u64::from(process::id()) | 1 << 63) };
        let mut number = here.load(Ordering::Relaxed);
        if number == 0 {
            number = NEXT.fetch_add(1, Ordering::Relaxed);
            if let Err(found) = here.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed) {
                number = found;
            }
        }
        Self(number)
    }

    /// The place of the number of the process that runs this: zero in a child, until it asks. If
    /// there was none at first, there is none later, so that a process always has the same number.
    fn here() -> Option<&'static AtomicU64> {
        static HERE: Once<Option<&'static AtomicU64>> = Once::new();
        // SAFETY: zero is a valid `AtomicU64`.
        let make = || Ok::<_, ()>(&*Box::leak(Box::new(unsafe { wiped_on_fork() })));
        HERE.get_or(make).ok().copied().flatten()
    }

    /// Returns a number that no process it was forked from has, and that is not 0.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// The process that something belongs to, which is asked for often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    process: Process,
    here: Option<&'static AtomicU64>,
}

impl Owner {
    /// The process that runs this.
    pub(crate) fn current() -> Self {
        Self { process: Process::current(), here: Process::here() }
    }

    /// Returns whether it is the process that runs this, and not a child that was forked from it.
    #[inline]
    pub(crate) fn is_here(self) -> bool {
        match self.here {
            Some(here) => here.load(Ordering::Relaxed) == self.process.0,
            None => Process::current() == self.process,
        }
    }
}

/// Returns zeroed memory for a `T`, never freed, which a forked child finds zeroed again. `None` if
/// the kernel lacks `MADV_WIPEONFORK` (Linux 4.14) or memory.
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

/// Bits of a thread's number that hold its thread id, which is at most 2^22 (`PID_MAX_LIMIT`),
/// above the lowest bit.
const TID_BITS: u32 = 22;
/// The lowest of the bits, at the top, that tell the program that a process runs from those that it
/// ran before (`exec`), when its first thread had the same id.
const PROGRAM: u32 = u64::BITS - 9;

/// A thread, told apart from all others that the machine has had, by a number in which the lowest
/// bit is 0.
///
/// The number is made of the thread's id and the inode number of its pidfd, which is never used
/// again (Linux 6.9). On an older kernel the rest of the number is random, and it is never known
/// whether the thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) number: u64,
    /// The namespace in which the thread has that id, by the inode number of the first process's
    /// pidfd; 0 if it is not known.
    pub(crate) space: u64,
}

impl Thread {
    /// Returns the thread that runs this.
    pub(crate) fn current() -> Self {
        thread_local! {
            static HERE: Cell<(u64, Thread)> = const { Cell::new((0, Thread { number: 0, space: 0 })) };
        }
        let process = Process::current().number();
        let (of, here) = HERE.get();
        if of == process {
            return here;
        }
        // SAFETY: the call takes nothing, and touches no memory.
        let tid = unsafe { libc::gettid() };
        let (inode, space) = (pidfd(tid, libc::O_EXCL), pidfd(1, 0));
        let here = match (inode, space) {
            // Pidfds that all have one inode tell nothing.
            (Ok((_, inode)), Ok((_, space))) if tid == 1 || inode != space => Self::of(tid, inode, space),
            _ => Self::of(tid, RandomState::new().hash_one(tid), 0),
        };
        let here = Self { number: here.number | program() << PROGRAM, ..here };
        HERE.set((process, here));
        here
    }

    /// Without the bits of its program.
    const fn of(tid: i32, inode: u64, space: u64) -> Self {
        let number = inode << (TID_BITS + 1) | (tid.cast_unsigned() as u64) << 1;
        Self { number: number & ((1 << PROGRAM) - 1), space }
    }

    /// Whether the thread has ended, or is one of this process that ran another program then. If it
    /// cannot be known, which is so in another namespace, it has not.
    pub(crate) fn is_gone(self) -> bool {
        if self.space == 0 || self.space != Self::current().space {
            return false;
        }
        match pidfd(self.tid(), libc::O_EXCL) {
            Ok((pidfd, inode)) => {
                let found = Self::of(self.tid(), inode, self.space);
                let is_it = found.number == self.number & ((1 << PROGRAM) - 1) && !has_ended(&pidfd);
                !is_it || self.is_of_process() && !self.is_of_program()
            }
            Err(errno) => errno == libc::ESRCH,
        }
    }

    /// Whether it is known to be a thread of this process, and of the program that it runs now.
    pub(crate) fn is_here(self) -> bool {
        self.space != 0 && self.is_of_program() && self.is_of_process() && !self.is_gone()
    }

    fn is_of_program(self) -> bool {
        self.number >> PROGRAM == program()
    }

    fn is_of_process(self) -> bool {
        // SAFETY: signal 0 is none, and the call touches no memory.
        unsafe { libc::syscall(libc::SYS_tgkill, process::id(), self.tid(), 0) == 0 }
    }

    fn tid(self) -> i32 {
        i32::try_from(self.number >> 1 & ((1 << TID_BITS) - 1)).unwrap_or(0)
    }

    /// Returns 26 bits that tell it from nearly all other threads: the lowest of its pidfd's inode
    /// number, or random ones.
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are asked for")]
    pub(crate) const fn short_number(number: u64) -> u32 {
        (number >> (TID_BITS + 1)) as u32 & ((1 << 26) - 1)
    }
}

/// Returns 9 bits that are other ones after an `exec`, and the same in all of a process. They are a
/// hash of the 16 random bytes that the kernel gives each program (`AT_RANDOM`), which are a secret
/// of the process.
fn program() -> u64 {
    // SAFETY: it only reads what the kernel gave the process.
    let bytes = unsafe { libc::getauxval(libc::AT_RANDOM) };
    let bytes = ptr::with_exposed_provenance::<[u64; 2]>(usize::try_from(bytes).unwrap_or(0));
    // SAFETY: unless it is null, it is a place of 16 bytes above the stack, which stay as they are.
    let bytes = if bytes.is_null() { [0; 2] } else { unsafe { bytes.read_unaligned() } };
    BuildHasherDefault::<DefaultHasher>::default().hash_one(bytes) >> PROGRAM
}

/// Opens a pidfd (`PIDFD_THREAD` is `O_EXCL`), and returns it with its inode number.
fn pidfd(id: i32, flags: libc::c_int) -> Result<(OwnedFd, u64), i32> {
    // SAFETY: the call takes two integers, and touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, id, flags) };
    // SAFETY: the call returns a new descriptor.
    let fd = unsafe { opened(fd) }?;
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `stat` is valid for writes of one `stat`.
    answer(unsafe { libc::fstat(fd.as_raw_fd(), stat.as_mut_ptr()) })?;
    // SAFETY: the kernel has written it, and all bits are valid integers.
    Ok((fd, unsafe { stat.assume_init() }.st_ino))
}

/// Whether the thread of a pidfd has ended, be it reaped or not.
fn has_ended(pidfd: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `poll` is one `pollfd`.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

/// Returns the size in bytes of the kernel's CPU sets: a bit for each CPU that can exist.
pub(crate) fn cpu_set_len() -> Result<usize, i32> {
    // Larger than any kernel's set: 64 Ki CPUs.
    let mut set = vec![0u64; 1024];
    // SAFETY: the kernel writes at most as many bytes as the call says that there are.
    let written = unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, 8 * set.len(), set.as_mut_ptr()) };
    usize::try_from(answer(written)?).map_err(|_| libc::EIO)
}

/// Returns the version of the running kernel, 0.0 if it does not say.
pub(crate) fn kernel_version() -> KernelVersion {
    let mut names = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: `names` is valid for writes of one `utsname`.
    let _ = unsafe { libc::uname(names.as_mut_ptr()) };
    // SAFETY: zeros are a valid `utsname` (arrays of characters), and the kernel wrote characters.
    let release = unsafe { names.assume_init() }.release;
    parse_release(&release.map(|c| char::from(c.to_ne_bytes()[0])).into_iter().collect::<String>())
}

fn parse_release(release: &str) -> KernelVersion {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    KernelVersion { major: next(), minor: next() }
}

/// Returns the file behind the descriptor, as /proc names it (`anon_inode:bpf-map`); empty if /proc
/// is not mounted.
pub(crate) fn link_target(fd: BorrowedFd<'_>) -> String {
    let target = std::fs::read_link(format!("/proc/thread-self/fd/{}", fd.as_raw_fd()));
    target.map_or_else(|_| String::new(), |target| target.display().to_string())
}

/// Returns whether the descriptor's fdinfo says that the map is frozen; false without /proc.
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
    fn a_thread_that_runs_is_not_gone_and_one_that_has_ended_is() {
        let here = Thread::current();
        assert_eq!(here, Thread::current());
        assert!(here.number & 1 == 0 && here.number != 0 && !here.is_gone());
        let there = std::thread::spawn(Thread::current).join().unwrap();
        assert_ne!(here.number, there.number);
        // Where it can be known.
        assert_eq!(there.is_gone(), here.space != 0);
        assert!(!Thread { space: here.space ^ 1, ..there }.is_gone(), "another namespace");
        let before = Thread { number: here.number ^ 1 << PROGRAM, ..here };
        assert_eq!(before.is_gone(), here.space != 0, "of a program that this process ran before");
        assert_eq!((here.is_here(), before.is_here()), (here.space != 0, false));
    }

    #[test]
    fn release_strings_are_parsed() {
        for (release, major, minor) in [("6.18.44-generic", 6, 18), ("5.4", 5, 4), ("7\0\0", 7, 0), ("", 0, 0)] {
            assert_eq!(parse_release(release), KernelVersion { major, minor });
        }
        assert!(parse_release("5.10.1") > parse_release("5.9.9"));
    }
}
