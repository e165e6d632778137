//! Runs code on a chosen CPU.

use std::io;
use std::mem;
use std::thread;

/// The CPUs that this thread may run on.
///
/// # Panics
///
/// If the kernel refuses.
pub fn allowed() -> Vec<usize> {
    // SAFETY: a set of CPUs is an array of integers, so all zeros is valid.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: it writes the set, whose size it is given.
    let result = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    assert_eq!(result, 0, "ask for the CPUs: {}", io::Error::last_os_error());
    let most = usize::try_from(libc::CPU_SETSIZE).expect("a number of CPUs");
    // SAFETY: it reads the set, at an index below its size.
    (0..most).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect()
}

/// Runs `run` on one of the [`allowed`] CPUs, in a thread that stays there.
///
/// # Panics
///
/// If the kernel refuses, or `run` panics.
pub fn run_on<R: Send>(cpu: usize, run: impl FnOnce() -> R + Send) -> R {
    let pinned = || {
        // SAFETY: as in `allowed`.
        let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
        // SAFETY: it writes the set, at an index that the kernel gave for a set of this size.
        unsafe { libc::CPU_SET(cpu, &mut set) };
        // SAFETY: it reads the set, whose size it is given.
        let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
        assert_eq!(result, 0, "move to CPU {cpu}: {}", io::Error::last_os_error());
        run()
    };
    thread::scope(|scope| scope.spawn(pinned).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
