//! Opening a map that exists already, by the path of its pin or by its id; pinning a map.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::bpf::info::MapInfo;
use crate::error::{KernelVersion, MapError, SystemError};
use crate::sys::bpf as sys;
use crate::sys::process;

/// Opens the map that is pinned at a path in a BPF file system (Linux 4.13).
///
/// This works even after every process that used the map has exited. (Pins are older than 4.13, but
/// older kernels do not tell whether one is a map.)
///
/// [`Mapping::from_pin`](crate::Mapping::from_pin),
/// [`DataSection::from_pin`](crate::DataSection::from_pin),
/// [`TypedMap::from_pin`](super::TypedMap::from_pin),
/// [`AnyArray::from_pin`](crate::AnyArray::from_pin) and
/// [`Arena::from_pin`](crate::Arena::from_pin) open the map this way, and then what is in it.
///
/// ```
/// use mapvalue::MapError;
/// use mapvalue::bpf::open_pin;
///
/// match open_pin("/sys/fs/bpf/agents/that/never/ran") {
///     Err(MapError::PinFailed { path, .. }) => assert!(path.ends_with("never/ran")), // ENOENT
///     other => panic!("{other:?}"),
/// }
/// ```
///
/// # Errors
///
/// [`MapError::PinFailed`] with `ENOENT` if there is nothing at the path, with `EACCES` if it is
/// not a pin or this process may not write to it, and with others; [`MapError::PinnedOther`] if a
/// program or something else is pinned there; [`SystemError::PermissionDenied`] where the kernel
/// restricts `bpf(2)`.
pub fn open_pin(path: impl AsRef<Path>) -> Result<OwnedFd, MapError> {
    let path = path.as_ref();
    let fd = c_path(path).and_then(|path| sys::open_pin(&path)).map_err(|errno| match errno {
        // A path that the process may not open is EACCES, so this is about `bpf(2)` itself.
        libc::EPERM => SystemError::PermissionDenied {
            operation: "open a pinned map (BPF_OBJ_GET)",
            capability: "CAP_BPF (CAP_SYS_ADMIN before Linux 5.8), and a sandbox that lets it call bpf(2)",
        }
        .into(),
        errno => MapError::PinFailed { operation: "open the map that is pinned", path: path.to_owned(), errno },
    })?;
    match MapInfo::query(&fd) {
        Ok(_) => Ok(fd),
        Err(MapError::NotAMap { found, .. }) => Err(MapError::PinnedOther { path: path.to_owned(), found }),
        Err(error) => Err(error),
    }
}

/// Opens a map by its number, [`MapInfo::id`] (Linux 4.13).
///
/// Each map has a number of its own. The kernel gives none a second time before it has given two
/// thousand million.
///
/// ```no_run
/// use mapvalue::bpf::{MapInfo, open_id};
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let id = MapInfo::query(&fd)?.id;
/// let again = open_id(id)?;
/// assert_eq!(MapInfo::query(&again)?.id, id);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MapError::NoMapWithId`] (`ENOENT`) if the map is gone, [`SystemError::PermissionDenied`]
/// without `CAP_SYS_ADMIN`, [`SystemError::KernelTooOld`].
pub fn open_id(id: u32) -> Result<OwnedFd, MapError> {
    sys::map_by_id(id).map_err(|errno| not_opened(id, errno, process::kernel_version()))
}

fn not_opened(id: u32, errno: i32, running: KernelVersion) -> MapError {
    const SINCE: KernelVersion = KernelVersion { major: 4, minor: 13 };
    match errno {
        libc::ENOENT => MapError::NoMapWithId { id },
        libc::EPERM => SystemError::PermissionDenied {
            operation: "open a map by its id (BPF_MAP_GET_FD_BY_ID)",
            capability: "CAP_SYS_ADMIN",
        }
        .into(),
        libc::EINVAL if running < SINCE => {
            SystemError::KernelTooOld { feature: "BPF_MAP_GET_FD_BY_ID", needs: SINCE, running }.into()
        }
        errno => SystemError::Os { operation: "open a map by its id", errno }.into(),
    }
}

/// Pins a map: gives it a path in a BPF file system (Linux 4.4).
///
/// The map and its contents stay until the path is removed, even if every process exits.
///
/// ```no_run
/// use mapvalue::{Mapping, bpf};
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), Box<dyn std::error::Error>> {
/// bpf::pin(&fd, "/sys/fs/bpf/agent/counters")?;
/// let mapping = Mapping::from_pin("/sys/fs/bpf/agent/counters")?; // here, or in the next process
/// std::fs::remove_file("/sys/fs/bpf/agent/counters")?; // unpins it
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MapError::NotAMap`], [`SystemError::BadDescriptor`], [`MapError::PinFailed`] with `EEXIST`
/// if the path exists, with `EPERM` outside a BPF file system, and with others.
pub fn pin(map: impl AsFd, path: impl AsRef<Path>) -> Result<(), MapError> {
    let map = map.as_fd();
    MapInfo::query(map)?;
    pin_as("pin the map", map, path.as_ref())
}

/// Pins a map. An error says that it could not do `operation`.
pub(crate) fn pin_as(operation: &'static str, map: BorrowedFd<'_>, path: &Path) -> Result<(), MapError> {
    let pinned = c_path(path).and_then(|c_path| sys::pin(map, &c_path));
    pinned.map_err(|errno| MapError::PinFailed { operation, path: path.to_owned(), errno })
}

/// Returns a path as the kernel takes it. A path with a zero byte is EINVAL.
fn c_path(path: &Path) -> Result<CString, i32> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: KernelVersion = KernelVersion { major: 6, minor: 18 };

    #[test]
    fn a_map_that_is_gone_and_a_kernel_without_numbers_are_told_apart() {
        assert!(matches!(not_opened(7, libc::ENOENT, NOW), MapError::NoMapWithId { id: 7 }));
        let MapError::System(denied) = not_opened(7, libc::EPERM, NOW) else { panic!() };
        assert!(matches!(denied, SystemError::PermissionDenied { capability: "CAP_SYS_ADMIN", .. }));
        let MapError::System(other) = not_opened(7, libc::EINVAL, NOW) else { panic!() };
        assert!(matches!(other, SystemError::Os { errno: libc::EINVAL, .. }));
        let error = not_opened(7, libc::EINVAL, KernelVersion { major: 4, minor: 12 });
        assert!(error.to_string().contains("4.13"), "{error}");
    }
}
