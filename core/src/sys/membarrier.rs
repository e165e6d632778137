//! `membarrier(2)`: makes other threads run a full fence.

use crate::error::SystemError;
use crate::sys::answer;

/// Registers this process, so that any process's [`barrier`] includes its threads; returns whether
/// the kernel can do that (Linux 4.16).
pub(crate) fn register() -> bool {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED).is_ok()
}

/// Makes all threads of all registered processes run a full fence, wherever they are. Each access
/// of theirs is before or after it. So if one side of a protocol is rare, the other side needs no
/// fence of its own.
///
/// # Errors
///
/// [`SystemError::Os`] if the kernel lacks the call, or a filter of system calls refuses it.
pub(crate) fn barrier() -> Result<(), SystemError> {
    membarrier(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> Result<(), SystemError> {
    // SAFETY: the call takes three integers and touches no memory.
    let result = answer(unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) });
    result.map(drop).map_err(|errno| SystemError::Os { operation: "have all threads run a fence (membarrier)", errno })
}
