//! The types that a map was created with, and whether a Rust type is laid out as they are.

use std::os::fd::AsFd;

use crate::bpf::info::{MapInfo, MapTypes};
use crate::btf::{Btf, Type, TypeKind};
use crate::error::{BtfError, MapName, Nearest, SystemError};
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
                capability: "CAP_SYS_ADMIN. Without it, take the types from the object file: \
                             `from_map_with_btf` (for globals `DataSection::from_map_with_btf`) with \
                             `Btf::from_object`",
            },
            errno => SystemError::Os { operation: "open the BTF of the map", errno },
        })?;
        let read = sys::btf_bytes(btf.as_fd());
        let bytes = read.map_err(|errno| SystemError::Os { operation: "read the BTF of the map", errno })?;
        Ok(Self::parse(&bytes)?)
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
    Ok(T::LAYOUT.check(Btf::of_map(types)?.value_of(types)?).map_err(Box::new)?)
}

/// Checks that `T` is laid out as the keys of a map are, as [`check_map_value`] does (Linux 4.18).
///
/// Then [`to_bytes`](MapValue::to_bytes) of a `T` gives bytes that can be looked up.
///
/// # Errors
///
/// As [`check_map_value`].
pub fn check_map_key<T: MapValue>(map: impl AsFd) -> Result<(), BtfError> {
    let types = MapInfo::query(map)?.types();
    Ok(T::LAYOUT.check(Btf::of_map(types)?.key_of(types)?).map_err(Box::new)?)
}

/// Whether Rust types are compared with the types of a map.
///
/// ```
/// use mapvalue::{Mapping, TypeCheck};
///
/// let mapping = Mapping::memfd(8)?;
/// assert_eq!(mapping.type_check(), TypeCheck::Untyped); // a memfd has no types
/// assert!(!mapping.type_check().is_match());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "unless it is `Matches`, only sizes were compared"]
#[non_exhaustive]
pub enum TypeCheck {
    /// The map's types are known. A Rust type that is laid out otherwise is an error.
    Matches,
    /// The map was created without types. Only sizes are compared.
    Untyped,
    /// The map has types, but this process may not read them: that takes `CAP_SYS_ADMIN`.
    ///
    /// Only sizes are compared. `from_map_with_btf` takes the types from the object file
    /// ([`Btf::from_object`]), without that privilege.
    NotPermitted,
    /// The map's types were not asked for: [`Mapping::from_map_unchecked`] opened it.
    ///
    /// [`Mapping::from_map_unchecked`]: crate::Mapping::from_map_unchecked
    Unchecked,
}

impl TypeCheck {
    /// Whether layouts are compared with the map's.
    pub fn is_match(self) -> bool {
        self == Self::Matches
    }
}

/// The types of a map's keys and values, as far as this process knows them.
#[derive(Clone, Debug)]
pub(crate) enum Types {
    Known { btf: Btf, of: MapTypes },
    Unknown(TypeCheck),
}

impl Types {
    /// Reads them from the kernel, or fails if they cannot be had.
    pub(crate) fn of_kernel(of: MapTypes) -> Result<Self, BtfError> {
        let btf = Btf::of_map(of)?;
        btf.value_of(of)?;
        Ok(Self::Known { btf, of })
    }

    /// Reads them from the kernel. A map without types, or types that this process may not read,
    /// are not an error.
    pub(crate) fn if_any(of: MapTypes) -> Result<Self, BtfError> {
        match Self::of_kernel(of) {
            Err(BtfError::NoBtf { .. } | BtfError::Untyped { .. }) => Ok(Self::Unknown(TypeCheck::Untyped)),
            Err(BtfError::System(SystemError::PermissionDenied { .. })) => Ok(Self::Unknown(TypeCheck::NotPermitted)),
            known => known,
        }
    }

    /// Finds those of the map in the BTF of the object file that it was created from.
    pub(crate) fn in_object(info: &MapInfo, btf: &Btf) -> Result<Self, BtfError> {
        let of = btf.find_map(info)?;
        match btf.value_of(of)?.size() {
            Some(size) if size == u64::from(info.value_size) => Ok(Self::Known { btf: btf.clone(), of }),
            size => {
                let reason = format!("its values are {} bytes long, there {}", info.value_size, size.unwrap_or(0));
                Err(BtfError::ForeignMap { map: info.name, reason })
            }
        }
    }

    /// Returns whether Rust types can be compared with them.
    pub(crate) fn type_check(&self) -> TypeCheck {
        match self {
            Self::Known { .. } => TypeCheck::Matches,
            Self::Unknown(why) => *why,
        }
    }

    /// Checks the layout of values, and that of keys if there is one.
    pub(crate) fn check(&self, key: Option<&Layout>, value: &Layout) -> Result<TypeCheck, BtfError> {
        let Self::Known { btf, of } = self else { return Ok(self.type_check()) };
        value.check(btf.value_of(*of)?).map_err(Box::new)?;
        match key.map(|key| Ok(key.check(btf.key_of(*of)?).map_err(Box::new)?)) {
            None | Some(Ok(())) => Ok(TypeCheck::Matches),
            Some(Err(BtfError::Untyped { .. })) => Ok(TypeCheck::Untyped),
            Some(Err(error)) => Err(error),
        }
    }
}

/// The longest name that the kernel keeps of a map (`BPF_OBJ_NAME_LEN` with its zero byte).
const MAX_NAME: usize = 15;

/// Types of an object file
impl Btf {
    /// Finds a map's definition in the section `.maps`, or the section of globals that it holds.
    fn find_map(&self, info: &MapInfo) -> Result<MapTypes, BtfError> {
        let map = info.name.as_str();
        let cut =
            |name: &str| name.len() > MAX_NAME && map.len() == MAX_NAME && name.as_bytes().starts_with(map.as_bytes());
        let types = |key, value| MapTypes { map: info.name, btf: 0, key, value };
        let sections = self.types().filter_map(|ty| match ty.kind() {
            TypeKind::Section(section) => Some((ty, section)),
            _ => None,
        });
        let maps = sections.clone().filter(|(ty, _)| ty.name() == ".maps");
        let maps = maps.flat_map(|(_, section)| section.variables()).map(|place| place.variable);
        let named = |exact: bool| {
            maps.clone().filter(move |variable| if exact { variable.name() == map } else { cut(variable.name()) })
        };
        let mut found = named(true).chain(named(false));
        if let Some(variable) = found.next() {
            if variable.name() != map && found.next().is_some() {
                let reason =
                    format!("several maps in it begin with `{map}`, which is all that the kernel knows of the name");
                return Err(BtfError::ForeignMap { map: info.name, reason });
            }
            let TypeKind::Variable { ty, .. } = variable.kind() else { return Ok(types(0, 0)) };
            let Some(TypeKind::Struct(definition)) = ty.resolved().map(Type::kind) else { return Ok(types(0, 0)) };
            let target = |name| match definition.members().find(|member| member.name == name)?.ty.kind() {
                TypeKind::Pointer(target) => Some(target.id()),
                _ => None,
            };
            return Ok(types(target("key").unwrap_or(0), target("value").unwrap_or(0)));
        }
        // Loaders put the object's name before that of a section: `counters.bss`.
        let section = map.find('.').map_or("", |dot| &map[dot..]);
        let section = sections.clone().find(|(ty, _)| !section.is_empty() && ty.name() == section);
        if let Some((ty, _)) = section {
            return Ok(types(0, ty.id()));
        }
        let nearest = Nearest::of(map, maps.map(Type::name));
        Err(BtfError::ForeignMap { map: info.name, reason: format!("it has no map of that name{nearest}") })
    }
}
