//! A part of a test in a forked process.

/// Runs `child` in a forked process, which ends with what it returns.
///
/// The child has one thread, and locks that others held when it was forked stay locked: it makes system calls, and allocates memory (for which
/// glibc makes a child of many threads fit).
///
/// # Panics
///
/// If the child was ended by a signal.
pub fn fork(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `child`, and ends.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let status = child();
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: the child is ours, and `status` is written.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "status {status:#x}");
    libc::WEXITSTATUS(status)
}
