//! Features that the kernel has since some version. A test that needs one is skipped before that
//! version, and only then.

use std::fmt;
use std::fs;
use std::io;

pub use crate::require_feature as require;

/// A feature: the Linux version that brought it, and a way to find out whether it is here.
#[derive(Clone, Copy, Debug)]
pub struct Feature {
    /// The feature, in the plural.
    pub name: &'static str,
    /// The first version with it.
    pub since: Version,
    /// Does what only works with the feature.
    pub probe: fn() -> io::Result<()>,
}

/// Descriptors of processes that tell one process from another for good, by their inode.
pub const PIDFD_INODES: Feature = Feature { name: "inodes of pidfds", since: Version(6, 9), probe: pidfd_inodes };

/// The first two numbers of a kernel's release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Feature {
    /// Returns why a test that needs the feature is skipped, or `None` where the kernel has it.
    ///
    /// # Panics
    ///
    /// If the kernel's version says something else than the kernel: then the version that the
    /// feature is documented with is wrong, or something is broken.
    pub fn missing(self) -> Option<String> {
        let Self { name, since, probe } = self;
        let running = running();
        match (running >= since, probe()) {
            (true, Ok(())) => None,
            (false, Err(_)) => Some(format!("needs Linux {since} for {name} (this is {running})")),
            (true, Err(error)) => panic!("{name} are expected since Linux {since}, but not in this {running}: {error}"),
            (false, Ok(())) => panic!("{name} were not expected before Linux {since}, but this {running} has them"),
        }
    }
}

/// Ends a test before the first Linux version with a [`Feature`]: prints a message, and the test
/// passes. It fails if the kernel's version and its features disagree.
#[macro_export]
macro_rules! require_feature {
    ($feature:expr) => {
        if let Some(reason) = $feature.missing() {
            $crate::say_skipped(&reason);
            return;
        }
    };
}

/// The version of the running kernel.
///
/// # Panics
///
/// If /proc does not show a release that begins with two numbers.
pub fn running() -> Version {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel's release");
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Version(major, minor),
        _ => panic!("the kernel's release begins with no two numbers: {release}"),
    }
}

/// Before, all pidfds are the same anonymous inode.
fn pidfd_inodes() -> io::Result<()> {
    let inode = |pid: u32| {
        let pid = libc::pid_t::try_from(pid).expect("the number of a process");
        // SAFETY: the call takes two integers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let link = format!("/proc/self/fd/{fd}");
        let inode = fs::metadata(&link).map(|data| std::os::unix::fs::MetadataExt::ino(&data));
        // SAFETY: nothing else uses the descriptor, if the call made one.
        unsafe { libc::close(libc::c_int::try_from(fd).unwrap_or(-1)) };
        inode
    };
    if inode(std::process::id())? == inode(std::os::unix::process::parent_id())? {
        return Err(io::ErrorKind::Unsupported.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: fn() -> io::Result<()> = || Err(io::ErrorKind::Unsupported.into());

    #[test]
    fn an_old_kernel_without_the_feature_is_a_reason_that_names_both_versions() {
        let Version(major, minor) = running();
        let future = Feature { name: "wings", since: Version(major + 1, 0), probe: ABSENT };
        let expected = format!("needs Linux {}.0 for wings (this is {major}.{minor})", major + 1);
        assert_eq!(future.missing().as_deref(), Some(expected.as_str()));
        assert_eq!(Feature { since: Version(3, 0), probe: || Ok(()), ..future }.missing(), None);
    }

    #[test]
    #[should_panic(expected = "wings are expected since Linux 3.0")]
    fn a_feature_that_a_new_kernel_lacks_is_a_failure() {
        Feature { name: "wings", since: Version(3, 0), probe: ABSENT }.missing();
    }

    #[test]
    #[should_panic(expected = "wings were not expected before Linux 999.0")]
    fn a_feature_that_an_old_kernel_has_is_a_failure() {
        Feature { name: "wings", since: Version(999, 0), probe: || Ok(()) }.missing();
    }
}
