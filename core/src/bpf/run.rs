//! Calls of programs of type `syscall`.

use std::any::type_name;
use std::os::fd::AsFd;

use crate::error::SystemError;
use crate::sys::bpf as sys;
use crate::value::{Plain, Storable, codec};

/// `BPF_PROG_TYPE_SYSCALL` of include/uapi/linux/bpf.h.
const BPF_PROG_TYPE_SYSCALL: u32 = 31;

/// Runs a program of type `syscall` (`SEC("syscall")`) once, and returns what it returns.
///
/// `context` is the struct that the program takes as its argument. The program reads it, and may
/// write to it (`BPF_PROG_RUN`, Linux 5.14). A struct with padding will do; the program sees zeros
/// there. An enum inside will not, since the program could store any number: write its integer.
///
/// ```c
/// struct sum { __u32 left, right; __u64 sum; };
///
/// SEC("syscall")
/// int add(struct sum *sum)
/// {
///         sum->sum = (__u64)sum->left + sum->right;
///         return 0;
/// }
/// ```
///
/// ```no_run
/// use mapvalue::{MapValue, bpf};
///
/// #[derive(MapValue, Clone, Copy, Default)]
/// #[repr(C)]
/// struct Sum {
///     left: u32,
///     right: u32,
///     sum: u64,
/// }
///
/// # fn call(program: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let mut sum = Sum { left: 1, right: 2, ..Sum::default() };
/// assert_eq!(bpf::run(&program, &mut sum)?, 0);
/// assert_eq!(sum.sum, 3);
/// # Ok(())
/// # }
/// ```
///
/// The program runs in the calling thread, and may sleep. Its descriptor is enough for a call; with
/// `kernel.unprivileged_bpf_disabled`, kernels before Linux 5.19 demand `CAP_BPF` as well.
///
/// # Errors
///
/// [`SystemError::NotCallable`] if the program is of another type, [`SystemError::NotAProgram`],
/// [`SystemError::ContextSize`] if the program reaches further than `context`, or if that has more
/// than 65535 bytes; [`SystemError::PermissionDenied`], [`SystemError::Os`].
/// `context` is unchanged then.
pub fn run<T: Plain + Storable>(program: impl AsFd, context: &mut T) -> Result<u32, SystemError> {
    let program = program.as_fd();
    match sys::program_type(program).map_err(|errno| refused(errno, SystemError::NotAProgram))? {
        BPF_PROG_TYPE_SYSCALL => {}
        program_type => return Err(SystemError::NotCallable { program_type }),
    }
    let too_small = SystemError::ContextSize { type_name: type_name::<T>(), size: T::LAYOUT.size() };
    codec::change(context, |bytes| sys::run_program(program, bytes)).map_err(|errno| refused(errno, too_small))
}

/// Says why the kernel did not run a program. `invalid` is what EINVAL means.
fn refused(errno: i32, invalid: SystemError) -> SystemError {
    const OPERATION: &str = "run a BPF program";
    match errno {
        libc::EINVAL => invalid,
        libc::EPERM => SystemError::PermissionDenied { operation: OPERATION, capability: "CAP_BPF, before Linux 5.19" },
        errno => SystemError::Os { operation: OPERATION, errno },
    }
}
