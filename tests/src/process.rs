//! A test, or a part of it, in another process.

use std::any::type_name;
use std::env;
use std::process::Command;

/// This program once more, to run `test` alone: a function that is marked `#[test]`.
///
/// # Panics
///
/// If the path of this program is not known.
#[must_use]
pub fn again<F: Fn()>(_test: F) -> Command {
    // Without the name of the crate, as the test harness has it.
    let name = type_name::<F>().split_once("::").expect("a function of this crate").1;
    let mut command = Command::new(env::current_exe().expect("the path of this test"));
    command.args(["--exact", name, "--include-ignored", "--nocapture"]);
    command
}

/// Runs `child` in a forked process, which ends with what it returns.
///
/// The child has one thread, and locks that others held when it was forked stay locked: it makes system calls, and allocates memory (for which
/// glibc makes a child of many threads fit).
/// Until it ends it has the mappings of this process too, by which a map cannot be frozen. So a test beside
/// others that freeze maps forks in a process of its own (`kernel::child::alone`).
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

/// As [`fork`], into a process that is the first of a new namespace of process numbers: its number is 1. Needs root.
///
/// # Panics
///
/// As [`fork`], and if there can be no such namespace.
pub fn fork_first_of_namespace(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: what it changes is where the children of this thread go.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0, "{}", std::io::Error::last_os_error());
    fork(child)
}
