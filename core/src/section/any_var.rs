//! [`AnyVar`]: a variable in mapped memory, or by system calls.

use std::fmt;
use std::sync::Arc;

#[cfg(doc)]
use crate::DataSection;
use crate::error::{ElementError, PlaceError};
#[cfg(doc)]
use crate::error::{SystemError, ValueError};
use crate::handle::Var;
use crate::mapping::Mapping;
use crate::section::unmapped::Unmapped;
use crate::value::{MapValue, ReadOnly, Storable};

/// A global variable that is loaded and stored as a whole: in mapped memory if the map can be
/// mapped, else by system calls.
///
/// It is for agents that must also run on kernels before 5.5, or with loaders that do not set
/// `BPF_F_MMAPABLE`. Prefer [`Var`] where the map can be mapped: a system call costs as much as
/// hundreds of loads, copies the whole section, and has no atomic arithmetic.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{AnyVar, Btf, DataSection, Mapping};
///
/// # let (mapping, btf) = (Mapping::memfd(4096)?, Btf::from_object(object)?);
/// // Of a loaded program: `DataSection::from_map(&fd)?`, or `from_map_with_btf`.
/// let section = DataSection::with_btf(&mapping, &btf, ".data")?;
/// let threshold: AnyVar<u64> = section.any_var("threshold")?;
/// if !threshold.is_mapped() {
///     println!("each access is a system call");
/// }
/// threshold.store_exclusive(64)?; // no program runs yet
/// assert_eq!(threshold.load()?, 64);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[doc(alias("global"))]
pub struct AnyVar<T: MapValue> {
    memory: VarMemory<T>,
}

enum VarMemory<T: MapValue> {
    Mapped(Var<T>),
    MappedReadOnly(Var<T, ReadOnly>),
    Unmapped { map: Arc<Unmapped>, offset: usize },
}

impl<T: MapValue> AnyVar<T> {
    pub(super) fn mapped(mapping: &Arc<Mapping>, offset: usize) -> Result<Self, PlaceError> {
        let memory = if mapping.is_read_only() {
            VarMemory::MappedReadOnly(mapping.var_any(offset, None)?)
        } else {
            VarMemory::Mapped(mapping.var_any(offset, None)?)
        };
        Ok(Self { memory })
    }

    pub(super) fn unmapped(map: Arc<Unmapped>, offset: usize) -> Result<Self, PlaceError> {
        map.range(offset, T::LAYOUT.size())?;
        Ok(Self { memory: VarMemory::Unmapped { map, offset } })
    }

    /// Whether it is in mapped memory, where a load is an instruction or a few.
    pub fn is_mapped(&self) -> bool {
        !matches!(self.memory, VarMemory::Unmapped { .. })
    }

    /// Loads the value and checks it.
    ///
    /// In mapped memory, each leaf is a relaxed load. By a system call, the kernel copies the
    /// section while programs run, and the value is as coherent as that copy.
    ///
    /// # Errors
    ///
    /// [`ValueError::InvalidValue`] if an enum inside holds a number that is not one of its
    /// variants; [`SystemError::Os`] if a system call fails.
    pub fn load(&self) -> Result<T, ElementError> {
        match &self.memory {
            VarMemory::Mapped(var) => Ok(var.try_load()?),
            VarMemory::MappedReadOnly(var) => Ok(var.try_load()?),
            VarMemory::Unmapped { map, offset } => Ok(T::from_bytes(&map.read(*offset, T::LAYOUT.size())?)?),
        }
    }

    /// Does what [`load`](Self::load) does, under the name that it has for a [`Var`].
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn try_load(&self) -> Result<T, ElementError> {
        self.load()
    }

    /// Stores the value.
    ///
    /// A system call can only write the whole section, which would undo what programs write to it
    /// meanwhile. So it is made only where that cannot happen: programs cannot write to the map
    /// (`.rodata` before it is frozen), or the variable fills the whole section.
    ///
    /// ```no_run
    /// # fn open(rodata: mapvalue::DataSection) -> Result<(), mapvalue::Error> {
    /// use mapvalue::{AnyVar, ElementError};
    ///
    /// let sample: AnyVar<u32> = rodata.any_var("sample")?;
    /// match sample.store(100) {
    ///     // No program is attached yet.
    ///     Err(ElementError::WouldLoseWrites { .. }) => sample.store_exclusive(100)?,
    ///     stored => stored?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlaceError::ReadOnly`], [`ElementError::NotWritable`], [`ElementError::WouldLoseWrites`]
    /// with what to do about it, [`SystemError::Os`]; nothing is stored then.
    pub fn store(&self, value: T) -> Result<(), ElementError>
    where
        T: Storable,
    {
        self.store_by(&value, Unmapped::write)
    }

    /// Stores the value while nobody else writes to the section: before the programs are attached,
    /// or after they are all gone.
    ///
    /// In mapped memory this is [`store`](Self::store). By a system call, it reads the section,
    /// changes it and writes it back: it undoes every other write in between, except those through
    /// `AnyVar`s of the same [`DataSection`] or its clones.
    ///
    /// # Errors
    ///
    /// [`PlaceError::ReadOnly`], [`ElementError::NotWritable`], [`SystemError::Os`]; nothing is
    /// stored then.
    pub fn store_exclusive(&self, value: T) -> Result<(), ElementError>
    where
        T: Storable,
    {
        self.store_by(&value, Unmapped::write_back)
    }

    fn store_by(
        &self,
        value: &T,
        write: impl FnOnce(&Unmapped, usize, &[u8]) -> Result<(), ElementError>,
    ) -> Result<(), ElementError>
    where
        T: Storable,
    {
        match &self.memory {
            VarMemory::Mapped(var) => {
                T::__store(var, value);
                Ok(())
            }
            VarMemory::MappedReadOnly(var) => Ok(var.mapping().writable()?),
            VarMemory::Unmapped { map, offset } => write(map, *offset, &value.to_bytes()),
        }
    }
}

impl<T: MapValue> Clone for AnyVar<T> {
    fn clone(&self) -> Self {
        let memory = match &self.memory {
            VarMemory::Mapped(var) => VarMemory::Mapped(var.clone()),
            VarMemory::MappedReadOnly(var) => VarMemory::MappedReadOnly(var.clone()),
            VarMemory::Unmapped { map, offset } => VarMemory::Unmapped { map: Arc::clone(map), offset: *offset },
        };
        Self { memory }
    }
}

impl<T: MapValue + fmt::Debug> fmt::Debug for AnyVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.load() {
            Ok(value) => f.debug_tuple("AnyVar").field(&value).finish(),
            Err(error) => f.debug_tuple("AnyVar").field(&error).finish(),
        }
    }
}
