//! [`AnyArray`]: the elements of an array map by whatever way there is.

use std::any::type_name;
use std::fmt;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use crate::bpf;
use crate::bpf::{TypeCheck, TypedMap, Update};
#[cfg(doc)]
use crate::error::{BtfError, ValueError};
use crate::error::{ElementError, MapError, PlaceError, SystemError};
use crate::handle::array::Array;
use crate::mapping::Mapping;
use crate::value::{Access, MapValue, Plain, ReadOnly, Storable};

/// The elements of an array map, each loaded and stored as a whole: in mapped memory where the map can be mapped, by system calls where it
/// cannot. For agents that must also run on kernels before 5.5, with maps that were made without `BPF_F_MMAPABLE`, or whose values have
/// fields that the kernel guards, and with descriptors that were opened with `BPF_F_RDONLY`.
///
/// Prefer [`Array`] where the map can be mapped: a system call costs hundreds of loads, and has no atomic arithmetic. (A single global
/// variable is an [`AnyVar`](crate::AnyVar).)
///
/// ```
/// use mapvalue::{AnyArray, Mapping};
///
/// // Without a kernel map; with one, `AnyArray::from_map(&fd)?`.
/// let by_cpu: AnyArray<u64> = AnyArray::from_mapping(&Mapping::memfd(8 * 1024)?)?;
/// by_cpu.store(3, &7)?;
/// assert_eq!((by_cpu.len(), by_cpu.load(3)?), (1024, 7));
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct AnyArray<T: MapValue> {
    way: Way<T>,
    types: TypeCheck,
}

enum Way<T: MapValue> {
    Mapped(Array<T>),
    MappedReadOnly(Array<T, ReadOnly>),
    Unmapped(TypedMap<u32, T>),
}

/// Opening.
impl<T: MapValue> AnyArray<T> {
    /// The elements of an array map, whose values must be a `T`: of its size and, where the map has BTF, of its layout.
    ///
    /// It takes Linux 4.13; the elements are mapped from 5.5 on.
    ///
    /// ```no_run
    /// use mapvalue::AnyArray;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let counters: AnyArray<u64> = AnyArray::from_map(&fd)?;
    /// if !counters.is_mapped() {
    ///     println!("{} counters, by system calls", counters.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::ValueSize`], [`BtfError::LayoutMismatch`] with all differences, [`MapError::UnsupportedType`], and those of
    /// [`Mapping::from_map`] but what keeps a map from being mapped.
    pub fn from_map(map: impl AsFd) -> Result<Self, ElementError> {
        let map = map.as_fd();
        match Mapping::from_map(map) {
            Ok(mapping) => Self::from_mapping(&mapping),
            Err(
                MapError::NotMmapable { .. }
                | MapError::System(SystemError::KernelTooOld { .. })
                | MapError::SpecialFields { .. }
                | MapError::ReadOnlyDescriptor { .. },
            ) => {
                let map = TypedMap::from_map(map)?;
                Ok(Self { types: map.type_check(), way: Way::Unmapped(map) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Those of the map that is pinned at a path in a BPF file system (Linux 4.13).
    ///
    /// ```no_run
    /// use mapvalue::AnyArray;
    ///
    /// let counters: AnyArray<u64> = AnyArray::from_pin("/sys/fs/bpf/agent/counters")?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, ElementError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Those of the map of this number, [`MapInfo::id`](bpf::MapInfo::id) (Linux 4.13).
    ///
    /// ```no_run
    /// use mapvalue::{AnyArray, bpf::MapInfo};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let counters: AnyArray<u64> = AnyArray::from_id(MapInfo::query(&fd)?.id)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, ElementError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Those in a mapping.
    ///
    /// ```
    /// use mapvalue::{AnyArray, Mapping, TypeCheck};
    ///
    /// let counters: AnyArray<u64> = AnyArray::from_mapping(&Mapping::memfd(8 * 16)?)?;
    /// assert!(counters.is_mapped());
    /// assert_eq!((counters.len(), counters.type_check()), (16, TypeCheck::Untyped)); // a memfd has no types
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Mapping::check`] and of [`Mapping::array_ro`].
    pub fn from_mapping(mapping: &Arc<Mapping>) -> Result<Self, ElementError> {
        let types = mapping.check::<T>()?;
        let way = if mapping.is_read_only() {
            Way::MappedReadOnly(mapping.array_ro()?)
        } else {
            Way::Mapped(mapping.array()?)
        };
        Ok(Self { way, types })
    }
}

/// What it is.
impl<T: MapValue> AnyArray<T> {
    /// Whether the elements are in mapped memory, where a load is an instruction or a few.
    pub fn is_mapped(&self) -> bool {
        !matches!(self.way, Way::Unmapped(_))
    }

    /// Whether the layout of `T` was compared with the map's own type.
    pub fn type_check(&self) -> TypeCheck {
        self.types
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.way {
            Way::Mapped(array) => array.len(),
            Way::MappedReadOnly(array) => array.len(),
            Way::Unmapped(map) => map.max_entries() as usize,
        }
    }

    /// Never true: there is no array map without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn out_of_range(&self, index: usize) -> ElementError {
        PlaceError::IndexOutOfRange { index, len: self.len() }.into()
    }

    fn check_len(&self, given: usize) -> Result<(), PlaceError> {
        let expected = self.len();
        if given == expected { Ok(()) } else { Err(PlaceError::LengthMismatch { given, expected }) }
    }
}

/// Loads.
impl<T: MapValue> AnyArray<T> {
    /// Loads the element at `index` and checks it.
    ///
    /// Mapped, each leaf is a relaxed load. By a system call, the kernel copies the element while programs run: it is as coherent as that
    /// copy is.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`], [`ValueError::InvalidValue`] if an enum inside holds a number that is not one of its variants, [`SystemError::Os`] if
    /// a system call fails.
    pub fn load(&self, index: usize) -> Result<T, ElementError> {
        match &self.way {
            Way::Mapped(array) => self.load_mapped(array.get(index), index),
            Way::MappedReadOnly(array) => self.load_mapped(array.get(index), index),
            Way::Unmapped(map) => {
                let key = u32::try_from(index).map_err(|_| self.out_of_range(index))?;
                map.lookup(&key)?.ok_or_else(|| self.out_of_range(index))
            }
        }
    }

    fn load_mapped<A: Access>(&self, element: Option<&T::Shared<A>>, index: usize) -> Result<T, ElementError> {
        Ok(T::__try_load(element.ok_or_else(|| self.out_of_range(index))?)?)
    }

    /// Loads all elements into `out`: by system calls, many in each where the kernel can (Linux 5.6).
    ///
    /// ```
    /// # use mapvalue::{AnyArray, ElementError, Error, Mapping, PlaceError};
    /// let counters: AnyArray<u64> = AnyArray::from_mapping(&Mapping::memfd(8 * 4)?)?;
    /// counters.store_from(&[1, 2, 3, 4])?;
    /// let mut all = [0; 4];
    /// counters.load_into(&mut all)?;
    /// assert_eq!(all, [1, 2, 3, 4]);
    /// let Err(ElementError::Place(error)) = counters.load_into(&mut [0; 3]) else { panic!() };
    /// assert!(matches!(error, PlaceError::LengthMismatch { given: 3, expected: 4 }));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless `out` has as many elements, [`SystemError::Os`] if a system call fails, after which some may be loaded.
    pub fn load_into(&self, out: &mut [T]) -> Result<(), ElementError>
    where
        T: Plain,
    {
        self.check_len(out.len())?;
        match &self.way {
            Way::Mapped(array) => Ok(array.load_into(out)?),
            Way::MappedReadOnly(array) => Ok(array.load_into(out)?),
            Way::Unmapped(map) => {
                for entry in map.entries() {
                    let (index, value) = entry?;
                    *out.get_mut(index as usize).ok_or_else(|| self.out_of_range(index as usize))? = value;
                }
                Ok(())
            }
        }
    }
}

/// Stores.
impl<T: MapValue> AnyArray<T> {
    /// Stores the element at `index`, all of it. The other elements are not touched, whichever way it goes.
    ///
    /// Mapped, each leaf is a relaxed store, and padding is not written. By a system call the kernel replaces the bytes of the element, padding
    /// by zeros. To change one field of an element while programs write to the others, map it: what is loaded, changed
    /// and stored undoes what they did in between.
    ///
    /// ```
    /// # use mapvalue::{AnyArray, ElementError, Error, Mapping, PlaceError};
    /// let counters: AnyArray<u64> = AnyArray::from_mapping(&Mapping::memfd(8 * 4)?)?;
    /// counters.store(3, &7)?;
    /// assert_eq!(counters.load(3)?, 7);
    /// let Err(ElementError::Place(error)) = counters.store(4, &7) else { panic!() };
    /// assert!(matches!(error, PlaceError::IndexOutOfRange { index: 4, len: 4 }));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`], [`PlaceError::ReadOnly`] or [`ElementError::NotWritable`], [`SystemError::Os`]; nothing is stored then.
    pub fn store(&self, index: usize, value: &T) -> Result<(), ElementError>
    where
        T: Storable,
    {
        match &self.way {
            Way::Mapped(array) => T::__store(array.get(index).ok_or_else(|| self.out_of_range(index))?, value),
            Way::MappedReadOnly(array) => return Ok(array.mapping().writable()?),
            Way::Unmapped(map) => {
                let key = u32::try_from(index).map_err(|_| self.out_of_range(index))?;
                return map.update(&key, value, Update::Always);
            }
        }
        Ok(())
    }

    /// Stores `values` into the elements: by system calls, many in each where the kernel can (Linux 5.6).
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless there are as many values as elements, [`PlaceError::ReadOnly`]; nothing is stored then.
    /// [`ElementError::BatchStopped`] by system calls, with how many were stored and why the next one was not.
    pub fn store_from(&self, values: &[T]) -> Result<(), ElementError>
    where
        T: Storable,
    {
        self.check_len(values.len())?;
        match &self.way {
            Way::Mapped(array) => Ok(array.store_from(values)?),
            Way::MappedReadOnly(array) => Ok(array.mapping().writable()?),
            Way::Unmapped(map) => {
                // As many as the map has, which are numbered by a `u32`.
                map.update_all(
                    values.iter().enumerate().map(|(index, value)| (u32::try_from(index).unwrap_or(u32::MAX), value)),
                )
            }
        }
    }
}

impl<T: MapValue> Clone for AnyArray<T> {
    fn clone(&self) -> Self {
        let way = match &self.way {
            Way::Mapped(array) => Way::Mapped(array.clone()),
            Way::MappedReadOnly(array) => Way::MappedReadOnly(array.clone()),
            Way::Unmapped(map) => Way::Unmapped(map.clone()),
        };
        Self { way, types: self.types }
    }
}

impl<T: MapValue> fmt::Debug for AnyArray<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyArray")
            .field("element", &type_name::<T>())
            .field("len", &self.len())
            .field("mapped", &self.is_mapped())
            .finish_non_exhaustive()
    }
}
