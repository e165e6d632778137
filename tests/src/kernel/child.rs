//! A test in a process of its own, which can give up privileges while other tests keep theirs.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Stdio;

use super::sys;
use crate::again;

/// The environment variable that is set for the child.
const CHILD: &str = "MAPVALUE_TEST_CHILD";
/// The child's last line, as proof that it ran the test at all.
const DONE: &str = "the child has done its part";

/// Runs a test again in a child process that inherits `fd`, and waits for its success.
///
/// # Panics
///
/// If the child failed, or did not run `test` up to [`done`].
pub fn run(test: impl Fn(), fd: impl AsFd) {
    // As its standard input, so that this process need not fork: until its `exec`, a forked child
    // has all mappings too, and other tests would find their maps still mapped.
    let fd = fd.as_fd().try_clone_to_owned().expect("another number for the descriptor");
    let mut command = again(test);
    command.arg("--test-threads=1").env(CHILD, "1").stdin(Stdio::from(fd));
    let output = command.output().expect("run this test in a child");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let well = output.status.success() && stdout.contains(DONE);
    assert!(well, "the child failed ({}):\n{stdout}\n{stderr}", output.status);
}

/// Runs a test again in a child process, where it can fork (see [`run`]). Returns whether this is
/// the child.
///
/// # Panics
/// As for [`run`].
pub fn alone(test: impl Fn()) -> bool {
    let child = env::var_os(CHILD).is_some();
    if !child {
        run(test, File::open("/dev/null").expect("/dev/null"));
    }
    child
}

/// In a child, the descriptor that was passed to it; `None` in the parent.
#[must_use]
pub fn passed() -> Option<BorrowedFd<'static>> {
    env::var_os(CHILD)?;
    // SAFETY: the parent passed this descriptor, and nothing in the child closes it, so it stays
    // open until the child ends.
    Some(unsafe { BorrowedFd::borrow_raw(libc::STDIN_FILENO) })
}

/// Must be the last call of a child.
pub fn done() {
    println!("{DONE}");
}

/// Succeeds if this process may query the BPF object behind `fd`.
///
/// # Errors
///
/// The kernel's error if it may not.
pub fn may_query(fd: impl AsFd) -> io::Result<()> {
    sys::may_query(fd.as_fd())
}

fn checked(result: libc::c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes this process an unprivileged one: another user, no groups, and so no capabilities. For
/// children only.
///
/// # Panics
///
/// If the process was not root, or a capability is left.
pub fn drop_privileges() {
    const NOBODY: u32 = 65534;
    // SAFETY: with a length of 0 the list is not read.
    checked(unsafe { libc::setgroups(0, std::ptr::null()) }.into()).expect("drop all groups");
    // SAFETY: takes integers and touches no memory.
    checked(unsafe { libc::setresgid(NOBODY, NOBODY, NOBODY) }.into()).expect("change the group");
    // SAFETY: takes integers and touches no memory.
    checked(unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) }.into()).expect("change the user");
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("read the status of this thread");
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("the capabilities");
    assert_eq!(effective.trim().trim_start_matches('0'), "", "no capability is left");
}

/// Hides /proc from this process. For children only.
///
/// # Panics
///
/// If the process was not root.
pub fn hide_proc() {
    // SAFETY: the path is a C string.
    checked(unsafe { libc::chroot(c"/sys/kernel".as_ptr()) }.into()).expect("change the root");
    assert!(!std::path::Path::new("/proc").exists(), "/proc is out of reach");
}

/// Makes the kernel refuse a system call with EPERM, as the seccomp profile of a container may, if
/// the low 32 bits of argument number `argument` are `value`. For children only: it cannot be
/// undone.
///
/// # Panics
///
/// If the kernel has no seccomp filters.
pub fn forbid(call: libc::c_long, argument: u32, value: u32) {
    refuse(call, argument, value, libc::EPERM);
}

/// Makes the kernel answer a system call with `errno`, as one may that does not know the call, if
/// the low 32 bits of argument number `argument` are `value`. For children only: it cannot be
/// undone.
///
/// # Panics
///
/// If the kernel has no seccomp filters.
pub fn refuse(call: libc::c_long, argument: u32, value: u32, errno: i32) {
    let answer = libc::SECCOMP_RET_ERRNO | errno.cast_unsigned();
    let op = |code: u32, jump_unless: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).expect("an opcode"),
        jt: 0,
        jf: jump_unless,
        k,
    };
    // `struct seccomp_data`: the number of the call is at 0. The arguments, 8 bytes each, start at
    // 16.
    let low_half = if cfg!(target_endian = "little") { 0 } else { 4 };
    let mut program = [
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 3, u32::try_from(call).expect("a system call")),
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 16 + 8 * argument + low_half),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, value),
        op(libc::BPF_RET | libc::BPF_K, 0, answer),
        op(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog { len: 6, filter: program.as_mut_ptr() };
    // SAFETY: takes integers and touches no memory.
    checked(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }.into()).expect("set no_new_privs");
    let mode = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the kernel copies the filter and its instructions, which are valid for the call.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, mode, 0, &raw const filter) };
    checked(result).expect("install a filter");
}
