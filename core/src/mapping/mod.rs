//! [`Mapping`]: the owner of shared pages, and the source of places for all handles.
//!
//! `pages` makes, checks and releases pages, `open` maps those of a BPF map. `place` turns offsets
//! into places, which `types` compares with the types of a map; `raw_access` copies bytes. Handles
//! to values are in `handle` and `per_cpu`.

pub(crate) mod open;
pub(crate) mod pages;
pub(crate) mod place;
pub(crate) mod raw_access;
pub(crate) mod types;

use std::fmt;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use memmap2::MmapRaw;

use crate::bpf;
use crate::bpf::geometry::ValueGrid;
use crate::bpf::types::Types;
use crate::bpf::{MapInfo, TypeCheck};
use crate::btf::Btf;
use crate::btf::check::Fit;
use crate::error::{BtfError, MapError, MapName, ReadOnlyReason};
#[cfg(doc)]
use crate::error::{PlaceError, SystemError};
use crate::mapping::pages::Pages;
use crate::mapping::types::PlaceTypes;
use crate::value::{Access, MapValue};

/// Memory shared with BPF programs or other processes, mapped into this one.
///
/// It is always in an [`Arc`], which every handle holds. The pages stay mapped as they are until
/// the last handle is dropped. The descriptor and the loader that it came from may go before that.
///
/// `Mapping` is `Send + Sync + 'static`, as are all handles. Making, cloning and dropping a handle
/// changes the `Arc`'s count, for which threads contend: see "On hot paths" at [`Var`](crate::Var).
///
/// ```
/// use mapvalue::{MapValue, Mapping, Var};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Stats {
///     packets: u64,
///     bytes: u64,
/// }
///
/// // With a BPF map: `Mapping::from_map(&fd)?`.
/// let mapping = Mapping::memfd(4096)?;
/// let stats: Var<Stats> = mapping.var(0)?;
/// stats.packets.fetch_add(1);
/// stats.bytes.fetch_add(64);
/// assert_eq!(stats.load(), Stats { packets: 1, bytes: 64 });
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// # Mixed sizes
///
/// Offsets are raw: nothing stops two handles from viewing the same bytes at different widths, one
/// as `u64` and another as `[u8; 8]`. If two such accesses race and one is a store, Rust leaves the
/// outcome undefined ("Memory model for atomic accesses" in [`std::sync::atomic`]). On all CPUs
/// that Linux runs on, some bytes come from one access and some from the other. Give each byte one
/// type.
///
/// A load of a whole union, or of a struct with one inside, moves the union in chunks as wide as
/// its widest leaf. That is such an access where others store narrower fields of the union: load
/// the field that is meant instead, by the method of its name.
#[doc(alias("mmap", "memmap", "MmapMut"))]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// Where a BPF map's values lie. Other memory has the layout that its user gives it.
    geometry: Option<ValueGrid>,
    /// The types of a map's values, if they are known: with them, all handles are compared.
    pub(crate) types: Option<Box<PlaceTypes>>,
    type_check: TypeCheck,
    read_only: Option<ReadOnlyReason>,
    name: MapName,
    /// It is kept to be handed on.
    memfd: Option<File>,
    _pages: Pages,
}

// SAFETY: the memory behind `base` belongs to the mapping on every thread; only atomics (`Shared`)
// reach it. What releases the pages is `Send`.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`. `&Mapping` gives out shared places, which are `Sync`, and never changes
// the pages. The release closure, which need not be `Sync`, is touched only by `drop`.
unsafe impl Sync for Mapping {}

/// Constructors.
impl Mapping {
    /// Maps the values of a BPF array map that has `BPF_F_MMAPABLE` (Linux 5.5).
    ///
    /// `map` is anything with a descriptor: an aya `MapData`'s fd, a libbpf-rs `MapHandle`, an
    /// `OwnedFd`. It is borrowed, never closed, and not needed later. The kernel says what
    /// kind of map it is.
    ///
    /// If the map has BTF and this process may read it (`CAP_SYS_ADMIN`), all handles must be of
    /// the types that it says. [`type_check`](Self::type_check) says whether that is so;
    /// [`from_map_checked`](Self::from_map_checked) fails if it is not.
    ///
    /// The mapping is writable if the kernel allows, and read-only if the map is frozen or has
    /// `BPF_F_RDONLY_PROG`. [`bpf::freeze`](crate::bpf::freeze) fails until a writable mapping is
    /// gone.
    ///
    /// ```no_run
    /// use mapvalue::{Array, Mapping};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let mapping = Mapping::from_map(&fd)?;
    /// drop(fd); // no longer needed
    /// let counters: Array<u64> = mapping.array()?; // refused if the map's values are no `u64`
    /// counters[0].fetch_add(1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SystemError::BadDescriptor`] or [`MapError::NotAMap`] for a wrong descriptor,
    /// [`MapError::UnsupportedType`], [`MapError::NotMmapable`] without the flag,
    /// [`SystemError::KernelTooOld`] before Linux 5.5, [`MapError::SpecialFields`] if the values
    /// hold a spin lock, timer or kptr, [`MapError::ReadOnlyDescriptor`] or
    /// [`MapError::WriteOnlyDescriptor`] if the descriptor was opened with `BPF_F_RDONLY` or
    /// `BPF_F_WRONLY`, [`MapError::Types`], [`MapError::TooLong`],
    /// [`SystemError::PermissionDenied`], [`SystemError::Os`].
    pub fn from_map(map: impl AsFd) -> Result<Arc<Self>, MapError> {
        Self::open(map.as_fd(), |info| {
            Types::if_any(info.types()).map_err(|error| match error {
                BtfError::System(error) => error.into(),
                other => MapError::Types { map: info.name, reason: other.to_string() },
            })
        })
    }

    /// Maps the values of a map whose types are known, and fails if they are not (Linux 5.5).
    ///
    /// [`from_map`](Self::from_map) opens a map without types as well, or one whose types this
    /// process may not read. [`from_pin_checked`](Self::from_pin_checked) and
    /// [`from_id_checked`](Self::from_id_checked) open one by its pin or id.
    ///
    /// ```no_run
    /// use mapvalue::{Btf, Mapping, Var};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd, object: &[u8]) -> Result<(), mapvalue::Error> {
    /// let mapping = Mapping::from_map_checked(&fd)?;
    /// let counter: Var<u64> = mapping.var(0)?; // or an error that lists all differences
    /// // The same, with the types in the bytes that the loader was given.
    /// let mapping = Mapping::from_map_with_btf(&fd, &Btf::from_object(object)?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`BtfError::NoBtf`] or [`BtfError::Untyped`] if the map was created without types,
    /// [`SystemError::PermissionDenied`] without `CAP_SYS_ADMIN` (use
    /// [`from_map_with_btf`](Self::from_map_with_btf)), and those of [`from_map`](Self::from_map).
    pub fn from_map_checked(map: impl AsFd) -> Result<Arc<Self>, BtfError> {
        Self::open(map.as_fd(), |info| Types::of_kernel(info.types()))
    }

    /// Maps the values of a map, with types from elsewhere: the BTF of the object file that it was
    /// created from (Linux 5.5).
    ///
    /// It takes no `CAP_SYS_ADMIN`, and serves maps whose loader made them without BTF. The map's
    /// definition is found by the map's name.
    ///
    /// # Errors
    ///
    /// [`BtfError::ForeignMap`] if the BTF does not describe the map, [`BtfError::Untyped`], and
    /// those of [`from_map`](Self::from_map).
    pub fn from_map_with_btf(map: impl AsFd, btf: &Btf) -> Result<Arc<Self>, BtfError> {
        Self::open(map.as_fd(), |info| Types::in_object(info, btf))
    }

    /// Maps the values of a map without regard to its types (Linux 5.5): only sizes are compared.
    ///
    /// Use it to view bytes as another type than the program's, on purpose. To read them,
    /// [`read_at`](Self::read_at) needs no type at all.
    ///
    /// # Errors
    ///
    /// Those of [`from_map`](Self::from_map).
    pub fn from_map_unchecked(map: impl AsFd) -> Result<Arc<Self>, MapError> {
        Self::open(map.as_fd(), |_| Ok(Types::Unknown(TypeCheck::Unchecked)))
    }

    /// Maps the values of a map, with the types that `types` finds for it.
    pub(crate) fn open<E: From<MapError>>(
        map: BorrowedFd<'_>,
        types: impl FnOnce(&MapInfo) -> Result<Types, E>,
    ) -> Result<Arc<Self>, E> {
        let (info, geometry, pages, read_only) = open::open(map)?;
        let types = types(&info)?;
        let type_check = types.type_check();
        let types = match types {
            Types::Known { btf, of } => Some(Box::new(PlaceTypes::new(btf, of.value, geometry))),
            Types::Unknown(_) => None,
        };
        let mapping = Self::mapped(pages, geometry.len(), read_only)?;
        Ok(Arc::new(Self { geometry: Some(geometry), types, type_check, name: info.name, ..mapping }))
    }

    /// Maps the values of a map that is pinned in a BPF file system (Linux 5.5).
    ///
    /// This works even after every process that used the map has exited.
    ///
    /// ```no_run
    /// use mapvalue::{Mapping, bpf::MapInfo};
    ///
    /// let mapping = Mapping::from_pin("/sys/fs/bpf/agent/counters")?;
    /// # let fd = std::fs::File::open("")?;
    /// let id = MapInfo::query(&fd)?.id; // told by the process that has the descriptor
    /// let mapping = Mapping::from_id(id)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Arc<Self>, MapError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Maps the values of the map with this [id](bpf::MapInfo::id) (Linux 5.5).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Arc<Self>, MapError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Maps a pinned map as [`from_map_checked`](Self::from_map_checked) does (Linux 5.5).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map_checked`](Self::from_map_checked).
    pub fn from_pin_checked(path: impl AsRef<Path>) -> Result<Arc<Self>, BtfError> {
        Self::from_map_checked(bpf::open_pin(path)?)
    }

    /// Maps the map with this id as [`from_map_checked`](Self::from_map_checked) does (Linux 5.5).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map_checked`](Self::from_map_checked).
    pub fn from_id_checked(id: u32) -> Result<Arc<Self>, BtfError> {
        Self::from_map_checked(bpf::open_id(id)?)
    }

    /// Makes `len` bytes of zeroed memory to share with others; this needs no privilege.
    ///
    /// It stands in for a map in tests, and is the default where there is no BPF. It is a memfd
    /// (Linux 3.17) sealed against shrinking and growing. Hand [`fd`](Self::fd) to the other
    /// process, which maps it with [`from_memfd`](Self::from_memfd).
    ///
    /// ```
    /// use mapvalue::{Error, Mapping, PlaceError};
    ///
    /// let mapping = Mapping::memfd(100)?;
    /// assert_eq!((mapping.len(), mapping.is_read_only(), mapping.name()), (100, false, ""));
    /// assert_eq!(mapping.var::<u32>(96)?.load(), 0);
    /// let error = mapping.var::<u64>(96).unwrap_err();
    /// assert!(matches!(error, PlaceError::OutOfRange { offset: 96, size: 8, len: 100 }));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MapError::Empty`] if `len` is 0, [`MapError::TooLong`], [`SystemError::Os`] without
    /// memory or descriptors.
    pub fn memfd(len: usize) -> Result<Arc<Self>, MapError> {
        Self::of_sealed(pages::create_memfd(len)?)
    }

    /// Maps a memfd (Linux 3.17) that was sealed against shrinking, here or by another process.
    /// Read-only if the descriptor is, or the file is sealed against writing.
    ///
    /// The machine, not the language, governs the other process's stores: whatever its
    /// instructions, a load here returns bytes that were stored. Stores narrower than the leaves
    /// declared here may tear them.
    ///
    /// # Errors
    ///
    /// [`MapError::NotSealed`] if the file is not a memfd, could still be cut short, or is made of
    /// huge pages (of which none may be left when one is touched); otherwise as
    /// [`memfd`](Self::memfd).
    ///
    /// ```
    /// use mapvalue::Mapping;
    /// let here = Mapping::memfd(4096)?;
    /// let there = Mapping::from_memfd(here.fd().expect("a memfd"))?;
    /// here.var::<u32>(8)?.store(7);
    /// assert_eq!(there.var::<u32>(8)?.load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn from_memfd(memfd: impl AsFd) -> Result<Arc<Self>, MapError> {
        Self::of_sealed(pages::check_memfd(memfd.as_fd())?)
    }

    fn of_sealed(file: File) -> Result<Arc<Self>, MapError> {
        let (pages, len, read_only) = pages::map_file(&file)?;
        Ok(Arc::new(Self { memfd: Some(file), ..Self::mapped(pages, len, read_only)? }))
    }

    /// Maps a whole file, which may be closed then: writable if it is open so, else read-only.
    ///
    /// ```no_run
    /// let file = std::fs::File::options().read(true).write(true).open("/run/agent/state")?;
    /// // SAFETY: only this agent uses the file: through mappings of the same types.
    /// let mapping = unsafe { mapvalue::Mapping::from_file(&file)? };
    /// mapping.var::<u64>(0)?.fetch_add(1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    ///
    /// While the mapping lives, nobody may shorten the file: an access past its new end is a
    /// SIGBUS. Others may write to it only through mappings, with accesses no narrower than the
    /// leaves declared here.
    ///
    /// # Errors
    ///
    /// [`MapError::Empty`] if the file is, [`MapError::TooLong`], [`SystemError::Os`].
    pub unsafe fn from_file(file: &File) -> Result<Arc<Self>, MapError> {
        let (pages, len, read_only) = pages::map_file(file)?;
        Self::mapped(pages, len, read_only).map(Arc::new)
    }

    /// Takes over memory that others mapped: a loader, an allocator, another library.
    ///
    /// `access` is [`ReadOnly`](crate::ReadOnly) or [`ReadWrite`](crate::ReadWrite). The thread
    /// that drops the last handle calls `release`, once; if it panics, so does that drop. If this
    /// returns an error, `release` is not called, and the memory still belongs to the caller. A
    /// forked child that drops its copy of the handles calls `release` as well.
    ///
    /// ```
    /// use mapvalue::{Mapping, ReadWrite};
    ///
    /// let words = Box::leak(Box::new([0u64; 8]));
    /// // SAFETY: 64 initialized bytes, never freed, which nothing else reaches.
    /// let mapping = unsafe { Mapping::adopt(words.as_mut_ptr().cast(), 64, ReadWrite, || ())? };
    /// mapping.var::<u64>(8)?.store(7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Safety
    ///
    /// - From now until `release` is called, the `len` bytes at `base` are mapped, initialized and
    ///   readable, and writable if `access` is `ReadWrite`. It is ordinary, cached memory: not a
    ///   device's registers.
    /// - In that time, this process accesses them through handles of this mapping, or atomically at
    ///   the declared leaf width. Other processes and BPF programs act like threads that do so.
    ///
    /// # Errors
    ///
    /// [`MapError::NullPointer`], [`MapError::Empty`] if `len` is 0, [`MapError::TooLong`] if it
    /// exceeds `isize::MAX`.
    pub unsafe fn adopt<A: Access>(
        base: *mut u8,
        len: usize,
        access: A,
        release: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, MapError> {
        let _ = access;
        let base = NonNull::new(base).ok_or(MapError::NullPointer)?;
        pages::check_len(len as u64, "the memory to adopt")?;
        let read_only = (!A::WRITABLE).then_some(ReadOnlyReason::Adopted);
        Ok(Self::of_arena(base, len, read_only, MapName::NONE, None, release))
    }

    /// Takes over memory, such as an arena's at its given address; `release` gives it back.
    pub(crate) fn of_arena(
        base: NonNull<u8>,
        len: usize,
        read_only: Option<ReadOnlyReason>,
        name: MapName,
        memfd: Option<File>,
        release: impl FnOnce() + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { read_only, name, memfd, ..Self::new(base, len, Pages::new(release)) })
    }

    /// Takes over a part of a ring buffer of the kernel's, which this crate mapped.
    pub(crate) fn of_ring(
        pages: MmapRaw,
        len: usize,
        read_only: Option<ReadOnlyReason>,
        name: MapName,
    ) -> Result<Arc<Self>, MapError> {
        Ok(Arc::new(Self { name, ..Self::mapped(pages, len, read_only)? }))
    }

    /// Wraps pages that this crate mapped.
    fn mapped(pages: MmapRaw, len: usize, read_only: Option<ReadOnlyReason>) -> Result<Self, MapError> {
        let base = NonNull::new(pages.as_mut_ptr()).ok_or(MapError::NullPointer)?;
        Ok(Self { read_only, ..Self::new(base, len, Pages::new(move || drop(pages))) })
    }

    /// Wraps writable memory that is not an array map, and so has neither a geometry nor types.
    fn new(base: NonNull<u8>, len: usize, pages: Pages) -> Self {
        let (name, type_check) = (MapName::NONE, TypeCheck::Untyped);
        Self { base, len, geometry: None, types: None, type_check, read_only: None, name, memfd: None, _pages: pages }
    }
}

/// Accessors.
impl Mapping {
    /// Returns the length in bytes, up to the end of the last value: without its padding to a
    /// multiple of 8, and the rest of the last page.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns false: there is no empty mapping.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns whether stores are impossible: the map is frozen or has `BPF_F_RDONLY_PROG`, or the
    /// file is open for reading only.
    pub fn is_read_only(&self) -> bool {
        self.read_only.is_some()
    }

    /// Returns the map's name in the kernel (15 characters at most); empty for other memory.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) fn map_name(&self) -> MapName {
        self.name
    }

    /// Returns the start of the memory.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn read_only_reason(&self) -> Option<ReadOnlyReason> {
        self.read_only
    }

    /// Returns whether this is a BPF map, whose geometry is known.
    #[inline]
    pub(crate) fn is_map(&self) -> bool {
        self.geometry.is_some()
    }

    pub(crate) fn grid(&self) -> Option<ValueGrid> {
        self.geometry
    }

    pub(crate) fn types(&self) -> Option<&PlaceTypes> {
        self.types.as_deref()
    }

    /// Returns the memfd behind the mapping, if there is one, to hand to another process: over a
    /// Unix socket, to [`from_memfd`](Self::from_memfd).
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.memfd.as_ref().map(AsFd::as_fd)
    }

    /// Returns whether the types of handles are compared with the map's.
    ///
    /// With [`TypeCheck::Matches`] they are: each handle that is given out meets the map's BTF.
    /// Otherwise only sizes and bounds are. Memory that is not a map is [`TypeCheck::Untyped`].
    pub fn type_check(&self) -> TypeCheck {
        self.type_check
    }

    /// Checks that a map's values have the size of `T` and, if the types are known, its layout.
    ///
    /// Handles check it too, as they are opened; this is for an agent that opens them later.
    ///
    /// # Errors
    ///
    /// [`PlaceError::ValueSize`] with both sizes, [`BtfError::LayoutMismatch`] with all that
    /// differs.
    pub fn check<T: MapValue>(&self) -> Result<TypeCheck, BtfError> {
        if self.is_map() {
            self.elements_of::<T>()?;
            self.types.as_ref().map_or(Ok(()), |types| types.check(const { &T::LAYOUT }, 0, 1, Fit::Whole))?;
        }
        Ok(self.type_check)
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("len", &self.len)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}
