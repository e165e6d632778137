//! The kernel's side of a map: what it is (`info`), how its values lie in memory (`geometry`), how it is mapped
//! (`open`), and the system calls beneath (`sys`).
//!
//! Facts come from the kernel alone, by `BPF_OBJ_GET_INFO_BY_FD`, never from the loader that made the map.

pub(crate) mod geometry;
mod info;
pub(crate) mod open;
mod sys;

use std::os::fd::AsFd;

pub use info::MapInfo;

use crate::Error;

/// Freezes a map (`BPF_MAP_FREEZE`, Linux 5.2): from then on user space cannot change it, by mapping or by update.
///
/// Freezing a frozen map is no error.
///
/// # Errors
///
/// [`Error::MappedWritable`] (EBUSY) while anyone has the map mapped writable, a `Mapping` of this process included:
/// drop its last handle first. [`Error::PermissionDenied`], [`Error::BadDescriptor`], [`Error::NotAMap`].
pub fn freeze(map: impl AsFd) -> Result<(), Error> {
    let map = map.as_fd();
    let info = MapInfo::query(map)?;
    match sys::freeze(map) {
        Err(libc::EBUSY) if sys::fdinfo(map).lines().any(|line| line.trim_start() == "frozen:\t1") => Ok(()),
        Err(libc::EBUSY) => Err(Error::MappedWritable { map: info.name }),
        Err(libc::EPERM) => Err(Error::PermissionDenied {
            operation: "freeze a map",
            capability: "a descriptor opened for writing, and CAP_BPF (CAP_SYS_ADMIN before Linux 5.8)",
        }),
        Err(errno) => Err(Error::Os { operation: "freeze the map", errno }),
        Ok(()) => Ok(()),
    }
}
