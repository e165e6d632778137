//! What the operating system refuses.

use std::fmt;

use crate::error::KernelVersion;

/// The kernel refused an operation, or lacks it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The file descriptor is not open.
    #[error("file descriptor {fd} is not open")]
    BadDescriptor {
        /// Its number.
        fd: i32,
    },

    /// The process lacks a capability.
    #[error("not permitted to {operation}: it needs {capability}")]
    PermissionDenied {
        /// What was refused.
        operation: &'static str,
        /// The capability that would allow it.
        capability: &'static str,
    },

    /// The kernel does not have the feature.
    #[error("the running kernel {running} is too old for {feature}: Linux {needs} or newer is needed")]
    KernelTooOld {
        /// What is missing.
        feature: &'static str,
        /// The first version that has it.
        needs: KernelVersion,
        /// The version that runs.
        running: KernelVersion,
    },

    /// The kernel has no function of this name for BPF programs.
    #[error("the running kernel {running} has no function `{name}` for BPF programs: Linux {needs} or newer has it")]
    NoKernelFunction {
        /// The function.
        name: &'static str,
        /// The first version that has it.
        needs: KernelVersion,
        /// The version that runs.
        running: KernelVersion,
    },

    /// The kernel refused to load a program of this crate.
    #[error("the kernel refused the program to {purpose}: {} ({log})", Errno(*errno))]
    ProgramRefused {
        /// What the program is for.
        purpose: &'static str,
        /// The error number.
        errno: i32,
        /// The last words of the verifier.
        log: String,
    },

    /// The kernel does not say which CPUs are possible.
    #[error("the possible CPUs cannot be read from {path}: {reason}")]
    NoPossibleCpus {
        /// The file that should list them.
        path: &'static str,
        /// What is wrong there.
        reason: String,
    },

    /// The kernel refused the operation for another reason.
    #[error("cannot {operation}: {}", Errno(*errno))]
    Os {
        /// What was refused.
        operation: &'static str,
        /// The error number.
        errno: i32,
    },
}

impl SystemError {
    /// A refusal by the operating system.
    pub(crate) fn os(operation: &'static str, error: &std::io::Error) -> Self {
        Self::Os { operation, errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }
}

/// An error number in words.
pub(super) struct Errno(pub(super) i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::io::Error::from_raw_os_error(self.0).fmt(f)
    }
}
