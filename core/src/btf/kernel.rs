//! BTF that the kernel holds: of a map's program, and its own.

use std::os::fd::{AsFd, OwnedFd};

use super::{Btf, Mismatches, Type};
use crate::bpf::{MapInfo, sys};
use crate::{Error, MapValue};

/// The kernel's own BTF (Linux 5.4 with `CONFIG_DEBUG_INFO_BTF`).
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// From the running kernel.
impl Btf {
    /// The BTF that a map was created with: that of the program which it belongs to (Linux 4.18; for the sections of globals, 5.2).
    ///
    /// `map` is anything with a map's descriptor. It takes `CAP_SYS_ADMIN` to open a BTF object by its number
    /// (`bpf_btf_get_fd_by_id` in kernel/bpf/syscall.c).
    ///
    /// # Errors
    ///
    /// [`Error::NoBtf`] if the map has none, [`Error::PermissionDenied`], and those of [`MapInfo::query`] and of
    /// [`parse`](Self::parse).
    pub fn from_map(map: impl AsFd) -> Result<Self, Error> {
        Self::of_map(&MapInfo::query(map)?)
    }

    /// The kernel's own types (Linux 5.4 with `CONFIG_DEBUG_INFO_BTF`).
    ///
    /// # Errors
    ///
    /// [`Error::NoVmlinux`] if the kernel does not offer them, or not to this process.
    pub fn from_vmlinux() -> Result<Self, Error> {
        let bytes =
            std::fs::read(VMLINUX).map_err(|error| Error::NoVmlinux { path: VMLINUX, reason: error.to_string() })?;
        Ok(Self::parse(&bytes)?)
    }

    pub(crate) fn of_map(info: &MapInfo) -> Result<Self, Error> {
        if info.btf_id == 0 {
            return Err(Error::NoBtf { map: info.name });
        }
        let btf = sys::btf_by_id(info.btf_id).map_err(|errno| match errno {
            libc::EPERM => Error::PermissionDenied {
                operation: "open the BTF of a map by its number (BPF_BTF_GET_FD_BY_ID)",
                capability: "CAP_SYS_ADMIN",
            },
            errno => Error::Os { operation: "open the BTF of the map", errno },
        })?;
        Ok(Self::parse(&bytes(&btf)?)?)
    }

    /// The type of a map's values, if it names one.
    pub(crate) fn value_of(&self, info: &MapInfo) -> Result<Type<'_>, Error> {
        self.named_by(info, info.btf_value_type_id, "values")
    }

    /// The type of a map's keys, if it names one.
    fn key_of(&self, info: &MapInfo) -> Result<Type<'_>, Error> {
        self.named_by(info, info.btf_key_type_id, "keys")
    }

    fn named_by(&self, info: &MapInfo, id: u32, part: &'static str) -> Result<Type<'_>, Error> {
        Some(id).filter(|id| *id != 0).and_then(|id| self.get(id)).ok_or(Error::Untyped { map: info.name, part })
    }
}

fn bytes(btf: &OwnedFd) -> Result<Vec<u8>, Error> {
    sys::btf_bytes(btf.as_fd()).map_err(|errno| Error::Os { operation: "read the BTF of the map", errno })
}

/// Checks that `T` is laid out as the values of a map are, by the BTF that the map was created with.
///
/// For maps whose definition names a type (`__type(value, struct stats)`), mmapable or not. (For globals there is
/// [`DataSection`](crate::DataSection).)
///
/// # Errors
///
/// [`Error::LayoutMismatch`] lists all differences, [`Error::NoBtf`] or [`Error::Untyped`] if the map was created without types; otherwise as
/// [`Btf::from_map`].
pub fn check_map_value<T: MapValue>(map: impl AsFd) -> Result<(), Error> {
    let info = MapInfo::query(map)?;
    mismatch(T::LAYOUT.check(Btf::of_map(&info)?.value_of(&info)?))
}

/// Checks that `T` is laid out as the keys of a map are: what [`to_bytes`](MapValue::to_bytes) of it can look up.
///
/// # Errors
///
/// As [`check_map_value`].
pub fn check_map_key<T: MapValue>(map: impl AsFd) -> Result<(), Error> {
    let info = MapInfo::query(map)?;
    mismatch(T::LAYOUT.check(Btf::of_map(&info)?.key_of(&info)?))
}

fn mismatch(checked: Result<(), Mismatches>) -> Result<(), Error> {
    checked.map_err(|mismatches| Error::LayoutMismatch(Box::new(mismatches)))
}
