//! Runs a test, or a part of it, in another process.

use std::any::type_name;
use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// A command that runs this program again, but only `test`, a function marked `#[test]`.
///
/// # Panics
///
/// If the path of this program is not known.
#[must_use]
pub fn again<F: Fn()>(_test: F) -> Command {
    // Without the crate name, as the test harness names tests.
    let name = type_name::<F>().split_once("::").expect("a function of this crate").1;
    let program = env::current_exe().expect("the path of this test");
    // By an emulator, if this runs by one (`tests/cross/run`).
    let runner = env::var("MAPVALUE_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace().map(OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().expect("this program at least"));
    command.args(words).args(["--exact", name, "--include-ignored", "--nocapture"]);
    command
}

/// Runs `child` in a forked process, which exits with the status that `child` returns.
///
/// The child has one thread, and locks that other threads held at the fork stay locked. So it only
/// makes system calls and allocates memory, which glibc allows in the child of a process with
/// threads.
///
/// Until the child ends, it has the mappings of this process too, and a map cannot be frozen while
/// it is mapped writable. So a test that runs beside others that freeze maps forks in a process of
/// its own (`kernel::child::alone`).
///
/// # Panics
///
/// If a signal ended the child.
pub fn fork(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child process runs `child`, and exits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let status = child();
        // SAFETY: it only ends the child process.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: the call only writes `status`.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "status {status:#x}");
    libc::WEXITSTATUS(status)
}

/// As [`fork`], but the child is the first process of a new PID namespace, so its number is 1.
/// Needs root.
///
/// # Panics
///
/// As for [`fork`], and if the kernel refuses the namespace.
pub fn fork_first_of_namespace(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: it only changes the namespace of this thread's later children.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWPID) }, 0, "{}", std::io::Error::last_os_error());
    fork(child)
}
