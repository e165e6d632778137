use std::fmt;

use crate::error::KernelVersion;

/// The kernel refused an operation, or lacks it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The file descriptor `fd` is not open.
    #[error("file descriptor {fd} is not open")]
    BadDescriptor { fd: i32 },

    /// The process lacks the `capability` that would allow the operation.
    #[error("not permitted to {operation}: it needs {capability}")]
    PermissionDenied { operation: &'static str, capability: &'static str },

    /// The `running` kernel does not have the `feature`: `needs` is the first version that has it.
    #[error("the running kernel {running} is too old for {feature}: Linux {needs} or newer is needed")]
    KernelTooOld { feature: &'static str, needs: KernelVersion, running: KernelVersion },

    /// The `running` kernel has no function `name` for BPF programs: `needs` is the first version
    /// that has it.
    #[error("the running kernel {running} has no function `{name}` for BPF programs: Linux {needs} or newer has it")]
    NoKernelFunction { name: &'static str, needs: KernelVersion, running: KernelVersion },

    /// The kernel refused to load a program of this crate, for this `purpose`. `log` holds the last
    /// words of the verifier.
    #[error("the kernel refused the program to {purpose}: {} ({log})", Errno(*errno))]
    ProgramRefused { purpose: &'static str, errno: i32, log: String },

    /// The descriptor is not of a BPF program.
    #[error("this descriptor is not of a BPF program: give the one that the loader returns for it")]
    NotAProgram,

    /// The BPF program is of another type than `syscall` (31): `program_type`, of the kernel's
    /// `enum bpf_prog_type`.
    #[error(
        "the BPF program is of type {program_type}, not syscall (31): only a program in SEC(\"syscall\") is called with a context"
    )]
    NotCallable { program_type: u32 },

    /// The context of a call has too few bytes for the program, or more than the kernel takes.
    #[error(
        "`{type_name}` cannot be the context of this program: it is {size} bytes long, and the program reaches further, or they are \
         more than 65535"
    )]
    ContextSize { type_name: &'static str, size: usize },

    /// The kernel does not say, in the file at `path`, which CPUs are possible.
    #[error("the possible CPUs cannot be read from {path}: {reason}")]
    NoPossibleCpus { path: &'static str, reason: String },

    /// The kernel refused the operation for another reason.
    #[error("cannot {operation}: {}", Errno(*errno))]
    Os { operation: &'static str, errno: i32 },
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
