//! What a map is, as the kernel describes it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::error::{Found, KernelVersion, MapError, MapName, MapType, SystemError};
use crate::sys::bpf as sys;
use crate::sys::process;

/// What /proc calls a map's descriptor and mapping (`bpf_map_new_fd`, kernel/bpf/syscall.c).
pub(crate) const MAP_TARGET: &str = "anon_inode:bpf-map";

/// The kernel's description of a map (`BPF_OBJ_GET_INFO_BY_FD`, Linux 4.13).
///
/// ```no_run
/// use mapvalue::bpf::MapInfo;
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// let info = MapInfo::query(&fd)?;
/// println!("{} ({:?}): {} entries", info.name, info.map_type, info.max_entries);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MapInfo {
    /// The map's type.
    pub map_type: MapType,
    /// The map's id. No other map has it while this one lives.
    pub id: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Number of entries; for an arena, of pages.
    pub max_entries: u32,
    /// The flags it was created with (`BPF_F_..`).
    pub map_flags: u32,
    /// The map's name.
    pub name: MapName,
    /// The id of the BTF object with the map's types, 0 if there is none.
    pub btf_id: u32,
    /// The BTF type of the keys, 0 if there is none.
    pub btf_key_type_id: u32,
    /// The BTF type of the values, 0 if there is none.
    pub btf_value_type_id: u32,
    /// Depends on the type. For an arena, the address to map it at (Linux 5.16; 0 before).
    pub map_extra: u64,
}

impl MapInfo {
    /// Asks the kernel what a map is (Linux 4.13).
    ///
    /// ```
    /// use mapvalue::bpf::MapInfo;
    ///
    /// let file = std::fs::File::open("/dev/null")?;
    /// assert!(MapInfo::query(&file).is_err()); // the error says what it is instead
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SystemError::BadDescriptor`] if `map` is closed, [`MapError::NotAMap`] if it is something
    /// else, [`SystemError::PermissionDenied`] where the kernel restricts `bpf(2)`.
    pub fn query(map: impl AsFd) -> Result<Self, MapError> {
        let fd = map.as_fd();
        Self::query_as(fd, fd.as_raw_fd())
    }

    /// Asks the kernel through a duplicate of the descriptor, and returns both.
    ///
    /// The duplicate is sure to be the map that was asked about, whatever the caller's number comes
    /// to stand for.
    pub(crate) fn query_duplicate(map: impl AsFd) -> Result<(OwnedFd, Self), MapError> {
        let fd = map.as_fd();
        let own = fd.try_clone_to_owned().map_err(|error| match error.raw_os_error() {
            Some(libc::EBADF) => SystemError::BadDescriptor { fd: fd.as_raw_fd() },
            _ => SystemError::os("duplicate the descriptor of a map", &error),
        })?;
        let info = Self::query_as(own.as_fd(), fd.as_raw_fd())?;
        Ok((own, info))
    }

    /// Asks the kernel. Errors name the descriptor by the `number` that the caller knows.
    fn query_as(fd: BorrowedFd<'_>, number: RawFd) -> Result<Self, MapError> {
        // A program, BTF or link answers the same command with other fields. So this first finds
        // out whether it is a map.
        let target = process::link_target(fd);
        let is_map = if target.is_empty() { sys::is_map(fd) } else { target == MAP_TARGET };
        match sys::map_info(fd) {
            Ok(info) if is_map => Ok(Self::from_kernel(&info)),
            Ok(_) => Err(not_a_map(number, target)),
            Err(errno) => Err(query_error(number, target, errno)),
        }
    }

    /// Returns where the types of keys and values are.
    pub(crate) fn types(&self) -> MapTypes {
        MapTypes { map: self.name, btf: self.btf_id, key: self.btf_key_type_id, value: self.btf_value_type_id }
    }

    fn from_kernel(info: &sys::BpfMapInfo) -> Self {
        Self {
            map_type: MapType(info.map_type),
            id: info.id,
            key_size: info.key_size,
            value_size: info.value_size,
            max_entries: info.max_entries,
            map_flags: info.map_flags,
            name: MapName::new(info.name),
            btf_id: info.btf_id,
            btf_key_type_id: info.btf_key_type_id,
            btf_value_type_id: info.btf_value_type_id,
            map_extra: info.map_extra,
        }
    }
}

/// The types of a map's keys and values: their numbers in a BTF object, 0 for none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapTypes {
    pub(crate) map: MapName,
    pub(crate) btf: u32,
    pub(crate) key: u32,
    pub(crate) value: u32,
}

pub(crate) fn not_a_map(fd: RawFd, target: String) -> MapError {
    MapError::NotAMap { fd, found: Found { target } }
}

/// The error for an error number of `BPF_OBJ_GET_INFO_BY_FD` on this descriptor.
fn query_error(fd: RawFd, target: String, errno: i32) -> MapError {
    match errno {
        libc::EBADF | libc::EBADFD => SystemError::BadDescriptor { fd }.into(),
        libc::EPERM => SystemError::PermissionDenied {
            operation: "ask the kernel about a map (BPF_OBJ_GET_INFO_BY_FD)",
            capability: "CAP_BPF (CAP_SYS_ADMIN before Linux 5.8)",
        }
        .into(),
        libc::EINVAL if target == MAP_TARGET => SystemError::KernelTooOld {
            feature: "BPF_OBJ_GET_INFO_BY_FD",
            needs: KernelVersion { major: 4, minor: 13 },
            running: process::kernel_version(),
        }
        .into(),
        libc::EINVAL => not_a_map(fd, target),
        errno => SystemError::Os { operation: "ask the kernel about a map (BPF_OBJ_GET_INFO_BY_FD)", errno }.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(target: &str, errno: i32) -> MapError {
        query_error(2, target.to_owned(), errno)
    }

    #[test]
    fn no_permission_names_the_capability() {
        let error = classify("anon_inode:bpf-map", libc::EPERM);
        assert!(matches!(error, MapError::System(SystemError::PermissionDenied { .. })), "{error:?}");
        assert!(error.to_string().contains("CAP_BPF"), "{error}");
    }

    #[test]
    fn a_kernel_that_does_not_know_the_command_is_too_old() {
        let error = classify("anon_inode:bpf-map", libc::EINVAL);
        assert!(matches!(error, MapError::System(SystemError::KernelTooOld { .. })), "{error:?}");
        assert!(error.to_string().contains("4.13"), "{error}");
    }

    #[test]
    fn other_descriptors_are_told_apart() {
        assert!(matches!(classify("/dev/null", libc::EINVAL), MapError::NotAMap { .. }));
        assert!(matches!(classify("my-bpf-map.txt", libc::EINVAL), MapError::NotAMap { .. }));
        assert!(matches!(classify("", libc::EBADF), MapError::System(SystemError::BadDescriptor { .. })));
        assert!(matches!(classify("", libc::EBADFD), MapError::System(SystemError::BadDescriptor { .. })));
        assert!(matches!(
            classify("anon_inode:bpf-map", libc::ENOSYS),
            MapError::System(SystemError::Os { errno: libc::ENOSYS, .. })
        ));
    }
}
