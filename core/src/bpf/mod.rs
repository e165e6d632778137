//! The kernel's side of a map: what it is (`info`), how its values lie in memory (`geometry`), how it is mapped
//! (`open`), and the system calls beneath (`sys`).
//!
//! Facts come from the kernel alone, by `BPF_OBJ_GET_INFO_BY_FD`, never from the loader that made the map.

pub(crate) mod geometry;
mod info;
pub(crate) mod open;
pub(crate) mod sys;

use std::os::fd::AsFd;

pub use info::MapInfo;

use crate::Error;

/// Freezes a map (`BPF_MAP_FREEZE`, Linux 5.2): from then on user space cannot change it, by mapping or by update.
///
/// Freezing a frozen map is no error, as far as /proc is mounted to tell that it is.
///
/// # Errors
///
/// [`Error::MappedWritable`] (EBUSY) while anyone has the map mapped writable, a `Mapping` of this process included:
/// drop its last handle first. [`Error::PermissionDenied`], [`Error::BadDescriptor`], [`Error::NotAMap`].
pub fn freeze(map: impl AsFd) -> Result<(), Error> {
    let map = map.as_fd();
    let info = MapInfo::query(map)?;
    // First, because the kernel takes the right to write from a frozen map, and then says EPERM before it says EBUSY.
    if sys::is_frozen(map) {
        return Ok(());
    }
    sys::freeze(map).map_err(|errno| match errno {
        libc::EBUSY => Error::MappedWritable { map: info.name },
        libc::EPERM => Error::PermissionDenied {
            operation: "freeze a map",
            capability: "a descriptor opened for writing of a map that is not frozen yet, and, before Linux 5.18, CAP_BPF",
        },
        open::ENOTSUPP => Error::SpecialFields { map: info.name },
        errno => Error::Os { operation: "freeze the map", errno },
    })
}
