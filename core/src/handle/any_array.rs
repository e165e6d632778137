//! [`AnyArray`]: the elements of an array map, in mapped memory or by system calls.

use std::any::type_name;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use crate::bpf;
use crate::bpf::types::Types;
use crate::bpf::{MapInfo, TypeCheck, TypedMap, Update};
use crate::btf::Btf;
#[cfg(doc)]
use crate::error::ValueError;
use crate::error::{BtfError, ElementError, MapError, PlaceError, SystemError};
use crate::handle::array::Array;
use crate::handle::bulk;
use crate::mapping::Mapping;
use crate::value::{self, MapValue, Plain, ReadOnly, Storable};

/// The elements of an array map: in mapped memory if possible, else by system calls.
///
/// Each element is loaded and stored as a whole. The type is for agents that must also run on
/// kernels before 5.5, with maps made without `BPF_F_MMAPABLE`, with values whose fields the kernel
/// guards, or with descriptors opened with `BPF_F_RDONLY`.
///
/// Prefer [`Array`] where the map can be mapped: a system call costs as much as hundreds of loads,
/// and has no atomic arithmetic. For a single global variable, use [`AnyVar`](crate::AnyVar).
///
/// ```
/// use mapvalue::{AnyArray, ElementError, Error, Mapping, PlaceError, TypeCheck};
///
/// // Without a kernel map; with one, `AnyArray::from_map(&fd)?`.
/// let counters: AnyArray<u64> = AnyArray::from_mapping(&Mapping::memfd(8 * 4)?)?;
/// assert_eq!((counters.len(), counters.is_mapped()), (4, true));
/// assert_eq!(counters.type_check(), TypeCheck::Untyped); // a memfd has no types
///
/// counters.store_from(&[1, 2, 3, 4])?;
/// counters.store(3, 7)?;
/// let mut all = [0; 4];
/// counters.load_into(&mut all)?;
/// assert_eq!((counters.load(3)?, all), (7, [1, 2, 3, 7]));
///
/// let Err(ElementError::Place(error)) = counters.store(4, 7) else { panic!() };
/// assert!(matches!(error, PlaceError::IndexOutOfRange { index: 4, len: 4 }));
/// let Err(ElementError::Place(error)) = counters.load_into(&mut [0; 3]) else { panic!() };
/// assert!(matches!(error, PlaceError::LengthMismatch { given: 3, expected: 4 }));
/// # Ok::<(), Error>(())
/// ```
pub struct AnyArray<T: MapValue> {
    memory: ArrayMemory<T>,
    types: TypeCheck,
}

enum ArrayMemory<T: MapValue> {
    /// For loads, and for stores, if they are possible.
    Mapped(Array<T, ReadOnly>, Option<Array<T>>),
    Unmapped(TypedMap<u32, T>),
}

/// Constructors.
impl<T: MapValue> AnyArray<T> {
    /// Opens an array map whose values have the size of `T` and, if the map has BTF, its layout.
    ///
    /// Needs Linux 4.13; the elements are mapped from 5.5 on.
    ///
    /// ```no_run
    /// use mapvalue::{AnyArray, Btf};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd, object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let counters: AnyArray<u64> = AnyArray::from_map(&fd)?;
    /// if !counters.is_mapped() {
    ///     println!("{} counters, by system calls", counters.len());
    /// }
    /// // The same, with types from elsewhere.
    /// let counters: AnyArray<u64> = AnyArray::from_map_with_btf(&fd, &Btf::from_object(object)?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::ValueSize`], [`BtfError::LayoutMismatch`] with all differences,
    /// [`MapError::UnsupportedType`], and those of [`Mapping::from_map`] except the reasons
    /// why a map cannot be mapped.
    pub fn from_map(map: impl AsFd) -> Result<Self, ElementError> {
        Self::open(map.as_fd(), |info| Types::if_any(info.types()))
    }

    /// Opens an array map whose elements are compared with types from elsewhere: the BTF of the
    /// object file that it was created from. It takes no `CAP_SYS_ADMIN`.
    ///
    /// # Errors
    ///
    /// [`BtfError::ForeignMap`], [`BtfError::Untyped`], and those of [`from_map`](Self::from_map).
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf) -> Result<Self, ElementError> {
        Self::open(map.as_fd(), |info| Types::in_object(info, btf))
    }

    fn open(map: BorrowedFd<'_>, types: impl Fn(&MapInfo) -> Result<Types, BtfError>) -> Result<Self, ElementError> {
        match Mapping::open(map, &types) {
            Ok(mapping) => Self::from_mapping(&mapping),
            Err(
                BtfError::Map(
                    MapError::NotMmapable { .. } | MapError::SpecialFields { .. } | MapError::ReadOnlyDescriptor { .. },
                )
                | BtfError::System(SystemError::KernelTooOld { .. }),
            ) => {
                let map = TypedMap::open(map, types)?;
                Ok(Self { types: map.type_check(), memory: ArrayMemory::Unmapped(map) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the map that is pinned at `path` in a BPF file system (Linux 4.13).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, ElementError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Opens the map with this [`MapInfo::id`](bpf::MapInfo::id) (Linux 4.13).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, ElementError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Takes the elements that lie in a mapping.
    ///
    /// # Errors
    ///
    /// Those of [`Mapping::check`] and of [`Mapping::array_ro`].
    pub fn from_mapping(mapping: &Arc<Mapping>) -> Result<Self, ElementError> {
        let writable = if mapping.is_read_only() { None } else { Some(mapping.array()?) };
        let memory = ArrayMemory::Mapped(mapping.array_ro()?, writable);
        Ok(Self { memory, types: mapping.type_check() })
    }
}

/// Accessors, loads and stores.
impl<T: MapValue> AnyArray<T> {
    /// Whether the elements are in mapped memory, where a load takes an instruction or a few.
    pub fn is_mapped(&self) -> bool {
        !matches!(self.memory, ArrayMemory::Unmapped(_))
    }

    /// Whether the layout of `T` was compared with the map's own type.
    pub fn type_check(&self) -> TypeCheck {
        self.types
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.memory {
            ArrayMemory::Mapped(array, _) => array.len(),
            ArrayMemory::Unmapped(map) => map.max_entries() as usize,
        }
    }

    /// Never true: every array map has elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn out_of_range(&self, index: usize) -> ElementError {
        PlaceError::IndexOutOfRange { index, len: self.len() }.into()
    }

    /// The key of an element in the map.
    fn key(&self, index: usize) -> Result<u32, ElementError> {
        u32::try_from(index).map_err(|_| self.out_of_range(index))
    }

    /// Loads the element at `index` and checks it.
    ///
    /// In mapped memory, each leaf is a relaxed load. By a system call, the kernel copies the
    /// element while programs run, and the value is as coherent as that copy.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`], [`ValueError::InvalidValue`] if the number of an enum
    /// inside is invalid, [`SystemError::Os`] if a system call fails.
    pub fn load(&self, index: usize) -> Result<T, ElementError> {
        match &self.memory {
            ArrayMemory::Mapped(array, _) => {
                let element = array.get(index).ok_or_else(|| self.out_of_range(index))?;
                Ok(value::try_load::<T, ReadOnly>(element)?)
            }
            ArrayMemory::Unmapped(map) => map.lookup(&self.key(index)?)?.ok_or_else(|| self.out_of_range(index)),
        }
    }

    /// Loads all elements into `out`. From Linux 5.6 on, one system call loads many.
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless `out` has as many elements, [`SystemError::Os`] if a
    /// system call fails; some elements may be loaded then.
    pub fn load_into(&self, out: &mut [T]) -> Result<(), ElementError>
    where
        T: Plain,
    {
        bulk::check_length(out.len(), self.len())?;
        match &self.memory {
            ArrayMemory::Mapped(array, _) => Ok(array.load_into(out)?),
            ArrayMemory::Unmapped(map) => {
                for entry in map.entries() {
                    let (index, value) = entry?;
                    *out.get_mut(index as usize).ok_or_else(|| self.out_of_range(index as usize))? = value;
                }
                Ok(())
            }
        }
    }

    /// Stores the whole element at `index`, and touches no other element.
    ///
    /// In mapped memory, each leaf is a relaxed store, and padding is not written. By a system
    /// call, the kernel replaces all bytes of the element, its padding by zeros. To change one
    /// field while programs write the others, use mapped memory: to load, change and store the
    /// whole element undoes their writes in between.
    ///
    /// # Errors
    ///
    /// [`PlaceError::IndexOutOfRange`], [`PlaceError::ReadOnly`] or [`ElementError::NotWritable`],
    /// [`SystemError::Os`]; nothing is stored then.
    pub fn store(&self, index: usize, value: T) -> Result<(), ElementError>
    where
        T: Storable,
    {
        match &self.memory {
            ArrayMemory::Mapped(_, Some(array)) => {
                T::__store(array.get(index).ok_or_else(|| self.out_of_range(index))?, &value);
                Ok(())
            }
            ArrayMemory::Mapped(array, None) => Ok(array.mapping().writable()?),
            ArrayMemory::Unmapped(map) => map.update(&self.key(index)?, &value, Update::Always),
        }
    }

    /// Stores `values` to all elements. From Linux 5.6 on, one system call stores many.
    ///
    /// # Errors
    ///
    /// [`PlaceError::LengthMismatch`] unless there are as many values as elements,
    /// [`PlaceError::ReadOnly`]; nothing is stored then. [`ElementError::BatchStopped`] from system
    /// calls says how many values were stored and why the next was not.
    pub fn store_from(&self, values: &[T]) -> Result<(), ElementError>
    where
        T: Storable,
    {
        bulk::check_length(values.len(), self.len())?;
        match &self.memory {
            ArrayMemory::Mapped(_, Some(array)) => Ok(array.store_from(values)?),
            ArrayMemory::Mapped(array, None) => Ok(array.mapping().writable()?),
            // There are as many as elements of the map, whose indices are `u32`.
            ArrayMemory::Unmapped(map) => map.update_all((0..u32::MAX).zip(values)),
        }
    }
}

impl<T: MapValue> Clone for AnyArray<T> {
    fn clone(&self) -> Self {
        let memory = match &self.memory {
            ArrayMemory::Mapped(array, writable) => ArrayMemory::Mapped(array.clone(), writable.clone()),
            ArrayMemory::Unmapped(map) => ArrayMemory::Unmapped(map.clone()),
        };
        Self { memory, types: self.types }
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
