//! The types that a map was created with, and whether a Rust type is laid out as they are.

use std::os::fd::{AsFd, OwnedFd};

use crate::bpf::info::{MapInfo, MapTypes};
use crate::btf::{Btf, Type};
use crate::error::{BtfError, MapName, Mismatches, SystemError};
use crate::layout::Layout;
use crate::sys::bpf as sys;
use crate::value::MapValue;

/// Types from the running kernel
impl Btf {
    /// Reads the BTF that a map was created with (Linux 4.18; for sections of globals, 5.2).
    ///
    /// It describes all types of the program that the map belongs to. `map` is anything with a
    /// map's descriptor. Opening a BTF object by its number takes `CAP_SYS_ADMIN`
    /// (`bpf_btf_get_fd_by_id` in kernel/bpf/syscall.c).
    ///
    /// ```no_run
    /// use mapvalue::Btf;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let btf = Btf::from_map(&fd)?;
    /// println!("{} types", btf.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::NoBtf`] if the map has none, [`SystemError::PermissionDenied`], and those of
    /// [`MapInfo::query`] and of [`parse`](Self::parse).
    pub fn from_map(map: impl AsFd) -> Result<Self, BtfError> {
        Self::of_map(MapInfo::query(map)?.types())
    }

    pub(crate) fn of_map(types: MapTypes) -> Result<Self, BtfError> {
        if types.btf == 0 {
            return Err(BtfError::NoBtf { map: types.map });
        }
        let btf = sys::btf_by_id(types.btf).map_err(|errno| match errno {
            libc::EPERM => SystemError::PermissionDenied {
                operation: "open the BTF of a map by its number (BPF_BTF_GET_FD_BY_ID)",
                capability: "CAP_SYS_ADMIN. Without it, take the types from the object file: `Btf::from_object`, and for \
                             globals `DataSection::from_map_with_btf`",
            },
            errno => SystemError::Os { operation: "open the BTF of the map", errno },
        })?;
        Ok(Self::parse(&bytes(&btf)?)?)
    }

    /// Returns the type of a map's values, if the map names one.
    pub(crate) fn value_of(&self, types: MapTypes) -> Result<Type<'_>, BtfError> {
        self.named_by(types.map, types.value, "values")
    }

    /// Returns the type of a map's keys, if the map names one.
    fn key_of(&self, types: MapTypes) -> Result<Type<'_>, BtfError> {
        self.named_by(types.map, types.key, "keys")
    }

    fn named_by(&self, map: MapName, id: u32, part: &'static str) -> Result<Type<'_>, BtfError> {
        Some(id).filter(|id| *id != 0).and_then(|id| self.get(id)).ok_or(BtfError::Untyped { map, part })
    }
}

fn bytes(btf: &OwnedFd) -> Result<Vec<u8>, BtfError> {
    Ok(sys::btf_bytes(btf.as_fd()).map_err(|errno| SystemError::Os { operation: "read the BTF of the map", errno })?)
}

/// Checks that `T` is laid out as the values of a map are (Linux 4.18).
///
/// It compares `T` with the BTF that the map was created with. The map's definition must name a
/// type (`__type(value, struct stats)`); the map need not be mmapable. (For globals there is
/// [`DataSection`](crate::DataSection).)
///
/// ```no_run
/// use mapvalue::{MapValue, bpf};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     bytes: u64,
/// }
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// bpf::check_map_key::<u32>(&fd)?;
/// bpf::check_map_value::<Stats>(&fd)?; // or an error that lists all differences
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`BtfError::LayoutMismatch`] lists all differences, [`BtfError::NoBtf`] or [`BtfError::Untyped`]
/// if the map was created without types; otherwise as [`Btf::from_map`].
pub fn check_map_value<T: MapValue>(map: impl AsFd) -> Result<(), BtfError> {
    let types = MapInfo::query(map)?.types();
    mismatch(T::LAYOUT.check(Btf::of_map(types)?.value_of(types)?))
}

/// Checks that `T` is laid out as the keys of a map are (Linux 4.18).
///
/// Then [`to_bytes`](MapValue::to_bytes) of a `T` gives bytes that can be looked up.
///
/// ```no_run
/// use mapvalue::{MapValue, bpf};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct FlowKey {
///     address: u32,
///     port: u16,
///     protocol: u16,
/// }
///
/// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
/// bpf::check_map_key::<FlowKey>(&fd)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`check_map_value`].
pub fn check_map_key<T: MapValue>(map: impl AsFd) -> Result<(), BtfError> {
    let types = MapInfo::query(map)?.types();
    mismatch(T::LAYOUT.check(Btf::of_map(types)?.key_of(types)?))
}

/// Whether a Rust type could be compared with the types of a map.
///
/// ```
/// use mapvalue::{Mapping, TypeCheck};
///
/// let checked = Mapping::memfd(8)?.check::<u64>()?;
/// assert_eq!(checked, TypeCheck::Untyped); // a memfd has no types
/// assert!(!checked.is_match());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "unless it is `Matches`, only sizes were compared"]
#[non_exhaustive]
pub enum TypeCheck {
    /// The map has types, and the Rust type is laid out as they are.
    Matches,
    /// The map was created without types. Only sizes were compared.
    Untyped,
    /// The map has types, but this process may not read them: that takes `CAP_SYS_ADMIN`.
    ///
    /// Only sizes were compared. [`Btf::check`] compares with the types of the object file
    /// ([`Btf::from_object`]), without that privilege.
    NotPermitted,
}

impl TypeCheck {
    /// Whether the layout was compared, and is the map's.
    pub fn is_match(self) -> bool {
        self == Self::Matches
    }
}

/// Checks the layout of values, and that of keys if there is one, against the map's types.
///
/// Types that the map lacks, or that this process may not read, are not an error.
pub(crate) fn check_map(types: MapTypes, key: Option<&Layout>, value: &Layout) -> Result<TypeCheck, BtfError> {
    let btf = match Btf::of_map(types) {
        Ok(btf) => btf,
        Err(BtfError::NoBtf { .. }) => return Ok(TypeCheck::Untyped),
        Err(BtfError::System(SystemError::PermissionDenied { .. })) => return Ok(TypeCheck::NotPermitted),
        Err(error) => return Err(error),
    };
    let checks = [(Some(value), btf.value_of(types)), (key, btf.key_of(types))];
    for (layout, ty) in checks.into_iter().filter_map(|(layout, ty)| Some((layout?, ty))) {
        match ty {
            Ok(ty) => mismatch(layout.check(ty))?,
            Err(BtfError::Untyped { .. }) => return Ok(TypeCheck::Untyped),
            Err(error) => return Err(error),
        }
    }
    Ok(TypeCheck::Matches)
}

fn mismatch(checked: Result<(), Mismatches>) -> Result<(), BtfError> {
    checked.map_err(|mismatches| BtfError::LayoutMismatch(Box::new(mismatches)))
}
