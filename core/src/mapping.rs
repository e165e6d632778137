//! [`Mapping`]: the owner of shared pages, and the one module that turns offsets into places.
//!
//! Where the pages come from is in `mapping/pages`, raw bytes are in `mapping/raw_access`, and handles to single
//! values, arrays and slices are modules of their own (`var`, `array`, `slice`).

mod pages;
mod raw_access;

use std::any::type_name;
use std::fmt;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::banks::BankGeometry;
use crate::bpf::geometry::Geometry;
use crate::bpf::open::{OpenMap, open};
use crate::bpf::{self, MapTypes};
use crate::btf::{TypeCheck, check_map};
use crate::{Access, Array, Bank, Banks, Error, MapName, MapValue, ReadOnly, ReadOnlyReason, Slice, Var};
use memmap2::MmapRaw;
use pages::{Pages, Release};

/// Memory shared with BPF programs or other processes, mapped into this one.
///
/// It is always in an [`Arc`], which every handle holds: the pages stay mapped as they are until the last handle is
/// dropped, and then they are unmapped. The descriptor and the loader that it came from may go at any time before.
///
/// `Mapping` is `Send + Sync + 'static`, as are all handles. To make, clone or drop a handle changes the count in the `Arc`, for which
/// threads wait for each other: see "On hot paths" at [`Var`].
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
/// Offsets are raw: nothing stops two handles from viewing the same bytes at different widths, one as `u64` and
/// another as `[u8; 8]`. Rust leaves it undefined when two such accesses race and one of them is a store ("Memory
/// model for atomic accesses" in [`std::sync::atomic`]). On every CPU that Linux runs on, the outcome is that of some
/// bytes from one access and some from the other. Give each byte one type.
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// Where values lie, for a BPF map; memory of other origin has whatever layout its user gives it.
    geometry: Option<Geometry>,
    /// The types of its values, for a BPF map.
    types: MapTypes,
    read_only: Option<ReadOnlyReason>,
    name: MapName,
    pages: Pages,
}

// SAFETY: the memory behind `base` belongs to the mapping whichever thread holds it, and is reached through atomics
// (`Shared`) alone. Of `pages`, `MmapRaw` and `File` are `Send` and `Sync`; a release closure is `Send`.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`; `&Mapping` gives out shared places, which are `Sync`, and never changes the pages. The release
// closure, which need not be `Sync`, is touched by `drop` alone.
unsafe impl Sync for Mapping {}

/// Making a mapping.
impl Mapping {
    /// Maps the values of a BPF array map that was created with `BPF_F_MMAPABLE` (Linux 5.5).
    ///
    /// `map` is anything with a descriptor: an aya `MapData`'s fd, a libbpf-rs `MapHandle`, an `OwnedFd`. It is only
    /// borrowed: it can be closed afterwards, and is never closed by this crate. What the map is, is asked of the kernel.
    ///
    /// The mapping is writable if the kernel allows, and read-only if the map is frozen or has `BPF_F_RDONLY_PROG`. A
    /// writable mapping keeps the map from being frozen ([`bpf::freeze`](crate::bpf::freeze)) until it is gone.
    ///
    /// ```no_run
    /// use mapvalue::{Array, Mapping};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let mapping = Mapping::from_map(&fd)?;
    /// drop(fd); // no longer needed
    /// let counters: Array<u64> = mapping.array()?;
    /// counters[0].fetch_add(1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::BadDescriptor`] or [`Error::NotAMap`] for a wrong descriptor, [`Error::UnsupportedMapType`],
    /// [`Error::NotMmapable`] without the flag, [`Error::KernelTooOld`] before Linux 5.5, [`Error::SpecialFields`] if the
    /// values hold a spin lock, timer or kptr, [`Error::ReadOnlyDescriptor`] or [`Error::WriteOnlyDescriptor`] if the
    /// descriptor was opened with `BPF_F_RDONLY` or `BPF_F_WRONLY`, [`Error::TooLong`], [`Error::PermissionDenied`],
    /// [`Error::Os`].
    pub fn from_map(map: impl AsFd) -> Result<Arc<Self>, Error> {
        let OpenMap { pages, geometry, read_only, name, types } = open(map)?;
        let mapping = Self::mapped(pages, None, geometry.len(), read_only, name)?;
        Ok(Arc::new(Self { geometry: Some(geometry), types, ..mapping }))
    }

    /// Maps the values of the map that is pinned at a path in a BPF file system (Linux 5.5): also of one whose processes are all gone.
    ///
    /// [`check`](Self::check) tells whether they are still laid out as this program has them.
    ///
    /// ```no_run
    /// use mapvalue::{Array, Mapping};
    ///
    /// let mapping = Mapping::from_pin("/sys/fs/bpf/agent/counters")?;
    /// let counters: Array<u64> = mapping.array()?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Arc<Self>, Error> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Maps the values of the map of this number, [`MapInfo::id`](bpf::MapInfo::id) (Linux 5.5).
    ///
    /// [`check`](Self::check) tells whether they are laid out as this program has them.
    ///
    /// ```no_run
    /// use mapvalue::{Mapping, bpf::MapInfo};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let id = MapInfo::query(&fd)?.id; // told to another process
    /// let mapping = Mapping::from_id(id)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Arc<Self>, Error> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Makes `len` bytes of zeroed memory that can be shared with another process, without any privilege: the stand-in
    /// for a map in tests, and the default where there is no BPF.
    ///
    /// It is a memfd (Linux 3.17) sealed against shrinking and growing. Hand [`fd`](Self::fd) to the other process, which
    /// maps it with [`from_memfd`](Self::from_memfd).
    ///
    /// ```
    /// use mapvalue::{Error, Mapping};
    ///
    /// let mapping = Mapping::memfd(100)?;
    /// assert_eq!((mapping.len(), mapping.is_read_only(), mapping.name()), (100, false, ""));
    /// assert_eq!(mapping.var::<u32>(96)?.load(), 0);
    /// assert!(matches!(mapping.var::<u64>(96), Err(Error::OutOfRange { offset: 96, size: 8, len: 100 })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if `len` is 0, [`Error::TooLong`], [`Error::Os`] when out of memory or descriptors.
    pub fn memfd(len: usize) -> Result<Arc<Self>, Error> {
        Self::of_sealed(pages::create_memfd(len)?)
    }

    /// Maps a memfd (Linux 3.17) that another process (or [`Mapping::memfd`]) made and sealed against shrinking. Read-only if the
    /// descriptor is, or the file is sealed against writing.
    ///
    /// What the other process does to the memory is the machine's business and not the language's: whatever instructions it
    /// stores with, a load here returns some bytes that were stored. If it writes narrower than the leaves that are declared
    /// here, they may be torn.
    ///
    /// # Errors
    ///
    /// [`Error::NotSealed`] if the file is no memfd, could still be cut short, or is made of huge pages (of which there may be
    /// none when one is touched); otherwise as [`memfd`](Self::memfd).
    ///
    /// ```
    /// use mapvalue::Mapping;
    /// let here = Mapping::memfd(4096)?;
    /// let there = Mapping::from_memfd(here.fd().expect("a memfd"))?;
    /// here.var::<u32>(8)?.store(7);
    /// assert_eq!(there.var::<u32>(8)?.load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn from_memfd(memfd: impl AsFd) -> Result<Arc<Self>, Error> {
        Self::of_sealed(pages::check_memfd(memfd.as_fd())?)
    }

    fn of_sealed(file: File) -> Result<Arc<Self>, Error> {
        let (pages, len, read_only) = pages::map_file(&file)?;
        Self::mapped(pages, Some(file), len, read_only, MapName::NONE).map(Arc::new)
    }

    /// Maps a whole file, writable if it is open for writing and read-only if not. The file can be closed afterwards.
    ///
    /// ```no_run
    /// let file = std::fs::File::options().read(true).write(true).open("/run/agent/state")?;
    /// // SAFETY: the file is this agent's own: nobody shortens it, or writes to it but through mappings of the same types.
    /// let mapping = unsafe { mapvalue::Mapping::from_file(&file)? };
    /// mapping.var::<u64>(0)?.fetch_add(1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Safety
    ///
    /// While the mapping lives nobody may shorten the file: an access past its new end is a SIGBUS. Others that
    /// write to it must do so through mappings, with accesses no narrower than the leaves that are declared here.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] if the file is, [`Error::TooLong`], [`Error::Os`].
    pub unsafe fn from_file(file: &File) -> Result<Arc<Self>, Error> {
        let (pages, len, read_only) = pages::map_file(file)?;
        Self::mapped(pages, None, len, read_only, MapName::NONE).map(Arc::new)
    }

    /// Takes over memory that somebody else mapped: a loader, an allocator, another library.
    ///
    /// `access` is [`ReadOnly`] or [`ReadWrite`](crate::ReadWrite). `release` is called once, from whichever thread drops the last handle;
    /// it is not called when this returns an error, so the memory then still belongs to the caller. If it panics, so does that
    /// drop. A forked child that drops its copy of the handles calls it as well.
    ///
    /// ```
    /// use mapvalue::{Mapping, ReadWrite};
    ///
    /// let words = Box::leak(Box::new([0u64; 8]));
    /// // SAFETY: it is memory of 64 bytes, initialised, that is never freed, and nobody has another way to it.
    /// let mapping = unsafe { Mapping::adopt(words.as_mut_ptr().cast(), 64, ReadWrite, || ())? };
    /// mapping.var::<u64>(8)?.store(7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Safety
    ///
    /// - From now until `release` is called, the `len` bytes at `base` are mapped, initialised and readable, and, if `access`
    ///   is `ReadWrite`, writable. It is ordinary memory, which processors cache: not the registers of a device.
    /// - In that time all accesses by this process go through handles of this mapping or are atomic accesses of the
    ///   declared leaf width; what other processes or BPF programs do is as if they were threads that do the same.
    ///
    /// # Errors
    ///
    /// [`Error::NullPointer`], [`Error::Empty`] if `len` is 0, [`Error::TooLong`] if it is more than `isize::MAX`.
    pub unsafe fn adopt<A: Access>(
        base: *mut u8,
        len: usize,
        access: A,
        release: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Error> {
        let _ = access;
        let base = NonNull::new(base).ok_or(Error::NullPointer)?;
        pages::check_len(len as u64, "the memory to adopt")?;
        let read_only = (!A::WRITABLE).then_some(ReadOnlyReason::Adopted);
        let release: Release = Box::new(release);
        let pages = Pages::Adopted { release: Some(release), memfd: None };
        Ok(Arc::new(Self::new(base, pages, len, read_only, MapName::NONE)))
    }

    /// Memory of an arena, which lies where it has to be, and is given back by `release`.
    pub(crate) fn of_arena(
        base: NonNull<u8>,
        len: usize,
        read_only: Option<ReadOnlyReason>,
        name: MapName,
        memfd: Option<File>,
        release: impl FnOnce() + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self::new(base, Pages::Adopted { release: Some(Box::new(release)), memfd }, len, read_only, name))
    }

    /// A mapping of pages of our own.
    fn mapped(
        pages: MmapRaw,
        memfd: Option<File>,
        len: usize,
        read_only: Option<ReadOnlyReason>,
        name: MapName,
    ) -> Result<Self, Error> {
        let base = NonNull::new(pages.as_mut_ptr()).ok_or(Error::NullPointer)?;
        Ok(Self::new(base, Pages::Mapped { _pages: pages, memfd }, len, read_only, name))
    }

    /// Memory that is no array map, which has neither a geometry nor types.
    fn new(base: NonNull<u8>, pages: Pages, len: usize, read_only: Option<ReadOnlyReason>, name: MapName) -> Self {
        Self { base, len, geometry: None, types: MapTypes::NONE, read_only, name, pages }
    }
}

/// What it is.
impl Mapping {
    /// Length in bytes, as far as there are values: the padding up to the end of the last page is not counted. (Of a map
    /// whose value size is not a multiple of 8, neither is the padding after the last value.)
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never true: there is no empty mapping.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether stores are impossible: the map is frozen or `BPF_F_RDONLY_PROG`, or the file is open for reading only.
    pub fn is_read_only(&self) -> bool {
        self.read_only.is_some()
    }

    /// The map's name as the kernel has it (at most 15 characters); empty for other memory.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) fn map_name(&self) -> MapName {
        self.name
    }

    /// Where the memory begins.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn read_only_reason(&self) -> Option<ReadOnlyReason> {
        self.read_only
    }

    /// Whether it is of a BPF map, which tells where its values lie.
    pub(crate) fn is_map(&self) -> bool {
        self.geometry.is_some()
    }

    /// The memfd behind the mapping, to be handed to another process; `None` for memory of another origin.
    ///
    /// ```
    /// use mapvalue::Mapping;
    ///
    /// let mapping = Mapping::memfd(4096)?;
    /// let fd = mapping.fd().expect("a memfd"); // to be sent over a Unix socket, or left to a child
    /// assert_eq!(Mapping::from_memfd(fd)?.len(), 4096);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pages.memfd().map(AsFd::as_fd)
    }
}

/// Its types.
impl Mapping {
    /// Checks that a map's values are a `T`: of its size, and laid out as it is by the BTF that the map was created with, if it was.
    ///
    /// For a map that was found by a pin or a number, whose layout may be that of an older program. (The globals of a section are
    /// checked one by one, by [`DataSection`](crate::DataSection).)
    ///
    /// ```no_run
    /// use mapvalue::{Array, MapValue, Mapping};
    ///
    /// #[derive(MapValue)]
    /// #[repr(C)]
    /// struct Stats {
    ///     packets: u64,
    ///     bytes: u64,
    /// }
    ///
    /// # fn attach() -> Result<(), mapvalue::Error> {
    /// let mapping = Mapping::from_pin("/sys/fs/bpf/agent/stats")?;
    /// if !mapping.check::<Stats>()?.is_match() {
    ///     println!("the map was created without types: its sizes alone were compared");
    /// }
    /// let stats: Array<Stats> = mapping.array()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It reads and parses all of the BTF object (Linux 4.18), which takes microseconds for most programs. Without `CAP_SYS_ADMIN` that is
    /// [`TypeCheck::NotPermitted`], and of memory that is no map, [`TypeCheck::Untyped`].
    ///
    /// # Errors
    ///
    /// [`Error::ValueSize`] with both sizes, [`Error::LayoutMismatch`] with each field that differs, [`Error::Os`].
    pub fn check<T: MapValue>(&self) -> Result<TypeCheck, Error> {
        self.elements_of::<T>().map(drop).or_else(|error| if self.is_map() { Err(error) } else { Ok(()) })?;
        check_map(self.types, None, &T::LAYOUT)
    }
}

/// Handles to values.
impl Mapping {
    /// A handle to the value of type `T` at `offset` bytes.
    ///
    /// ```
    /// use mapvalue::{Error, Mapping, Var};
    ///
    /// let mapping = Mapping::memfd(64)?;
    /// let counter: Var<u64> = mapping.var(8)?;
    /// drop(mapping); // the handle keeps it
    /// assert_eq!(counter.fetch_add(1), 0);
    /// assert!(matches!(counter.mapping().var::<u64>(4), Err(Error::Misaligned { .. })));
    /// assert!(matches!(counter.mapping().var::<u64>(64), Err(Error::OutOfRange { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`] (use [`var_ro`](Self::var_ro)), [`Error::OutOfRange`], [`Error::Misaligned`],
    /// [`Error::ZeroSized`], and [`Error::CrossesValue`] if the map has padding between its values and the place
    /// reaches into it.
    #[inline]
    pub fn var<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T>, Error> {
        self.var_any(offset)
    }

    /// A handle to the value of type `T` at `offset` bytes that only loads; the mapping may be read-only or not.
    ///
    /// ```
    /// use mapvalue::{Mapping, ReadOnly, Var};
    ///
    /// let mapping = Mapping::memfd(64)?;
    /// let view: Var<u64, ReadOnly> = mapping.var_ro(8)?;
    /// mapping.var::<u64>(8)?.store(7);
    /// assert_eq!(view.load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), without `ReadOnly`.
    #[inline]
    pub fn var_ro<T: MapValue>(self: &Arc<Self>, offset: usize) -> Result<Var<T, ReadOnly>, Error> {
        self.var_any(offset)
    }

    #[inline]
    fn var_any<T: MapValue, A: Access>(self: &Arc<Self>, offset: usize) -> Result<Var<T, A>, Error> {
        let place = self.place::<T, A>(offset, T::LAYOUT.size())?;
        // SAFETY: `place` has checked it for `T` and `A`.
        Ok(unsafe { Var::new(place, Arc::clone(self)) })
    }

    /// All elements of an array map. `T` must have the map's value size.
    ///
    /// Memory that is no BPF map is taken for an array of `T` at the kernel's stride, `round_up(size_of::<T>(), 8)`.
    ///
    /// ```
    /// use mapvalue::{Error, Mapping};
    ///
    /// let mapping = Mapping::memfd(8 * 16)?;
    /// let counters = mapping.array::<u32>()?; // of 4 bytes, every 8
    /// assert_eq!((counters.len(), counters.stride()), (16, 8));
    /// assert!(matches!(mapping.array::<[u64; 3]>(), Err(Error::Geometry { stride: 24, len: 128, .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`], [`Error::ValueSize`], [`Error::Geometry`] if other memory is not a whole number of elements
    /// long, [`Error::ZeroSized`], [`Error::MisalignedBase`].
    pub fn array<T: MapValue>(self: &Arc<Self>) -> Result<Array<T>, Error> {
        self.array_any()
    }

    /// All elements of an array map, for loading only.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(8 * 16)?;
    /// assert_eq!(mapping.array_ro::<u64>()?.iter().map(|c| c.load()).sum::<u64>(), 0);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`array`](Self::array), without `ReadOnly`.
    pub fn array_ro<T: MapValue>(self: &Arc<Self>) -> Result<Array<T, ReadOnly>, Error> {
        self.array_any()
    }

    fn array_any<T: MapValue, A: Access>(self: &Arc<Self>) -> Result<Array<T, A>, Error> {
        let len = self.elements_of::<T>()?;
        let first = self.place::<T, A>(0, T::LAYOUT.size())?;
        // SAFETY: `place` has checked the first for `T` and `A`; the others follow it at the stride, as far as the mapping goes:
        // a map has them all (`Geometry::of`), and of other memory `elements_of` has counted them.
        Ok(unsafe { Array::new(first, len, Arc::clone(self)) })
    }

    /// How many elements there are if all values are a `T`: those of the map, or as many as other memory holds.
    fn elements_of<T: MapValue>(&self) -> Result<usize, Error> {
        let size = T::LAYOUT.size();
        let type_name = type_name::<T>();
        if size == 0 {
            return Err(Error::ZeroSized { type_name });
        }
        if let Some(Geometry { value_size, max_entries, .. }) = self.geometry {
            return if size == value_size {
                Ok(max_entries)
            } else {
                Err(Error::ValueSize { type_name, size, value_size, map: self.name })
            };
        }
        let stride = Array::<T>::STRIDE;
        // Both ways to end are whole: with the last value's padding, or without it.
        match self.len.div_ceil(stride) {
            len if self.len == len * stride || self.len == (len - 1) * stride + size => Ok(len),
            _ => Err(Error::Geometry { type_name, stride, len: self.len }),
        }
    }

    /// `len` values of type `T` side by side, from `offset` bytes on.
    ///
    /// ```
    /// use mapvalue::{Mapping, Slice};
    ///
    /// let mapping = Mapping::memfd(4096)?;
    /// let buckets: Slice<u32> = mapping.slice(64, 32)?; // side by side, 4 bytes each
    /// buckets[31].store(7);
    /// assert_eq!(mapping.var::<u32>(64 + 31 * 4)?.load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`var`](Self::var), and [`Error::Unsliceable`] if not all of them would be aligned.
    pub fn slice<T: MapValue>(self: &Arc<Self>, offset: usize, len: usize) -> Result<Slice<T>, Error> {
        self.slice_any(offset, len)
    }

    /// `len` values of type `T` side by side, for loading only.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(4096)?;
    /// let buckets = mapping.slice_ro::<u32>(64, 32)?;
    /// assert_eq!(buckets.iter().filter(|bucket| bucket.load() > 0).count(), 0);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`slice`](Self::slice), without `ReadOnly`.
    pub fn slice_ro<T: MapValue>(self: &Arc<Self>, offset: usize, len: usize) -> Result<Slice<T, ReadOnly>, Error> {
        self.slice_any(offset, len)
    }

    fn slice_any<T: MapValue, A: Access>(self: &Arc<Self>, offset: usize, len: usize) -> Result<Slice<T, A>, Error> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        if !size.is_multiple_of(align) {
            return Err(Error::Unsliceable { type_name: type_name::<T>(), size, align });
        }
        let first = self.place::<T, A>(offset, size.saturating_mul(len))?;
        // SAFETY: `place` has checked all of the bytes for `T` and `A`, and the first element's alignment; the size is a
        // multiple of it (checked above), so all are aligned.
        Ok(unsafe { Slice::new(first, len, Arc::clone(self)) })
    }

    /// Banks of one value each, a struct or an array, `stride` bytes apart: what each CPU has of its own in a plain array.
    ///
    /// `stride` is the size of a `T`, rounded up to a multiple of 64 or of 128, as the program does it: to the size of a cache line. The
    /// values of the map may be whole banks, or parts of one, such as `u64`.
    ///
    /// # Errors
    ///
    /// [`Error::BankStride`] for any other stride, [`Error::BankGeometry`] unless the memory is `banks * stride` bytes long (which no map
    /// with padding between its values is); [`Error::ReadOnly`], [`Error::ZeroSized`], [`Error::MisalignedBase`].
    ///
    /// ```
    /// use mapvalue::{Banks, Error, Mapping};
    ///
    /// let mapping = Mapping::memfd(1024 * 64)?;
    /// let counters: Banks<[u64; 5]> = mapping.banks(1024, 64)?;
    /// counters[3][4].fetch_add(1);
    /// assert_eq!(counters.sum(), [0, 0, 0, 0, 1]);
    /// assert!(matches!(mapping.banks::<[u64; 5]>(1024, 128), Err(Error::BankGeometry { .. })));
    /// assert!(matches!(mapping.banks::<[u64; 5]>(64, 1024), Err(Error::BankStride { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn banks<T: MapValue>(self: &Arc<Self>, banks: usize, stride: usize) -> Result<Banks<T>, Error> {
        self.banks_any(BankGeometry { banks, stride, width: 1 })
    }

    /// Banks of one value each, for loading only.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(4 * 64)?;
    /// mapping.banks::<u64>(4, 64)?[2].store(7);
    /// assert_eq!(mapping.banks_ro::<u64>(4, 64)?.sum(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`banks`](Self::banks), without `ReadOnly`.
    pub fn banks_ro<T: MapValue>(self: &Arc<Self>, banks: usize, stride: usize) -> Result<Banks<T, ReadOnly>, Error> {
        self.banks_any(BankGeometry { banks, stride, width: 1 })
    }

    /// Banks of `width` values each, side by side, where that number is known only when the program runs.
    ///
    /// `stride` is the size of so many `T`, rounded up to a multiple of 64 or of 128.
    ///
    /// # Errors
    ///
    /// As [`banks`](Self::banks), [`Error::Empty`] if `width` is 0, and [`Error::Unsliceable`] if not all values would be aligned.
    ///
    /// ```
    /// use mapvalue::{Banks, Mapping};
    ///
    /// let (cpus, line, counters) = (1024, 64, 5);
    /// let mapping = Mapping::memfd(cpus * 64)?;
    /// let banks: Banks<[u64]> = mapping.banks_of(cpus, (8 * counters as usize).next_multiple_of(line), counters)?;
    /// banks[3][4].fetch_add(1);
    /// banks[9][4].fetch_add(2);
    /// assert_eq!(banks.sum_of(4)?, 3);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    pub fn banks_of<T: MapValue>(
        self: &Arc<Self>,
        banks: usize,
        stride: usize,
        width: usize,
    ) -> Result<Banks<[T]>, Error> {
        self.banks_any(BankGeometry { banks, stride, width })
    }

    /// Banks of `width` values each, for loading only.
    ///
    /// ```
    /// let mapping = mapvalue::Mapping::memfd(4 * 64)?;
    /// mapping.banks_of::<u64>(4, 64, 3)?[2][1].store(7);
    /// assert_eq!(mapping.banks_of_ro::<u64>(4, 64, 3)?.sum_of(1)?, 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`banks_of`](Self::banks_of), without `ReadOnly`.
    pub fn banks_of_ro<T: MapValue>(
        self: &Arc<Self>,
        banks: usize,
        stride: usize,
        width: usize,
    ) -> Result<Banks<[T], ReadOnly>, Error> {
        self.banks_any(BankGeometry { banks, stride, width })
    }

    /// Banks; of one value each unless `T` is a slice.
    fn banks_any<T: Bank + ?Sized, A: Access>(self: &Arc<Self>, geometry: BankGeometry) -> Result<Banks<T, A>, Error> {
        geometry.check::<T::Element>(self)?;
        let first = self.place::<T::Element, A>(0, self.len)?;
        // SAFETY: `geometry` is checked above, and `place` has checked all of the mapping for `T::Element` and `A`; the public functions
        // give a width of 1 where `T` is no slice.
        Ok(unsafe { Banks::new(first, geometry, Arc::clone(self)) })
    }

    /// An error if stores are impossible.
    #[inline]
    pub(crate) fn writable(&self) -> Result<(), Error> {
        match self.read_only {
            None => Ok(()),
            Some(reason) => Err(Error::ReadOnly { map: self.name, reason }),
        }
    }

    /// The place at `offset` of `bytes` bytes of values of type `T`, for access `A`: they are inside the mapping and belong to
    /// values, the first is aligned for every leaf of `T`, and they are writable if `A` is.
    #[inline]
    fn place<T: MapValue, A: Access>(&self, offset: usize, bytes: usize) -> Result<NonNull<T::Shared<A>>, Error> {
        const { T::LAYOUT.assert_usable::<T>() };
        if A::WRITABLE {
            self.writable()?;
        }
        if T::LAYOUT.size() == 0 {
            return Err(Error::ZeroSized { type_name: type_name::<T>() });
        }
        let place = self.bytes_at(offset, bytes)?;
        let align = T::LAYOUT.align();
        if !place.addr().get().is_multiple_of(align) {
            return Err(self.misaligned::<T>(offset));
        }
        match self.geometry {
            Some(geometry) if !geometry.inside_values(offset, bytes) => Err(Error::CrossesValue {
                type_name: type_name::<T>(),
                offset,
                size: bytes,
                value_size: geometry.value_size,
                stride: geometry.stride,
            }),
            _ => Ok(place.cast()),
        }
    }

    #[cold]
    fn misaligned<T: MapValue>(&self, offset: usize) -> Error {
        let (type_name, align) = (type_name::<T>(), T::LAYOUT.align());
        if offset.is_multiple_of(align) {
            Error::MisalignedBase { type_name, base: self.base.addr().get(), align }
        } else {
            Error::Misaligned { type_name, offset, align }
        }
    }

    /// The pointer to `size` bytes at `offset`, which are checked to be inside the mapping.
    #[inline]
    fn bytes_at(&self, offset: usize, size: usize) -> Result<NonNull<u8>, Error> {
        match offset.checked_add(size) {
            // SAFETY: `offset <= len` (checked here), and `len` is at most `isize::MAX` bytes of one mapping
            // (`Geometry::new`, `pages::check_len`), so the result is inside it or at its end.
            Some(end) if end <= self.len => Ok(unsafe { self.base.add(offset) }),
            _ => Err(Error::OutOfRange { offset, size, len: self.len }),
        }
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
