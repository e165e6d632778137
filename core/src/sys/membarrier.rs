//! `membarrier(2)`: full fences that other threads are made to run.

use crate::error::Error;

/// Has `barrier` include the threads of this process from now on, whoever calls it; whether it can be had (Linux 4.16).
pub(crate) fn register() -> bool {
    membarrier(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED).is_ok()
}

/// Has all threads of all processes that have registered run a full fence, wherever they are: what each does is before it or after it. So
/// those need none where one side is rare.
///
/// # Errors
///
/// [`Error::Os`] where the kernel does not know it, or a filter of system calls refuses it.
pub(crate) fn barrier() -> Result<(), Error> {
    membarrier(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> Result<(), Error> {
    // SAFETY: the call takes three integers, and touches no memory.
    if unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } == 0 {
        return Ok(());
    }
    Err(Error::os("have all threads run a fence (membarrier)", &std::io::Error::last_os_error()))
}
