//! Arenas with a kernel map: creating one, and mapping it at its address.
//!
//! Arguments that are known to be wrong are refused before the kernel is asked (`span`, `flags`).
//! The kernel's error numbers tell the rest (`not_created`, `not_mapped`).

pub(crate) mod memfd;
pub(crate) mod object;
pub(crate) mod range;
pub(crate) mod vmas;

use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::ptr::NonNull;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::arena::open::range::AddressRange;
use crate::arena::pages::kernel;
use crate::arena::span::{Span, len_of};
use crate::bpf;
use crate::bpf::MapInfo;
use crate::error::{ArenaError, KernelVersion, MapError, MapName, MapType, ReadOnlyReason, SystemError};
use crate::mapping::Mapping;
use crate::sys::ENOTSUPP;
use crate::sys::bpf as sys;
use crate::sys::process::{self, Process};

const ARENA: MapType = MapType(33);
/// The first kernel that has arenas.
const SINCE: KernelVersion = KernelVersion { major: 6, minor: 9 };
/// How many times to try to map an arena, when what was in the way was gone again.
const TRIES: u32 = 10;
/// The name of maps that are created here.
const NAME: [u8; 16] = *b"arena\0\0\0\0\0\0\0\0\0\0\0";

/// With a kernel map
impl Arena {
    /// Creates an arena of `pages` pages in the kernel (Linux 6.9) and maps it.
    ///
    /// Its address is a multiple of 4 GiB that is free in this process, and most likely in others.
    /// There is no page yet: the first access makes each.
    ///
    /// Hand [`fd`](Self::fd) to the loader before it loads the programs that use the arena:
    /// `OpenMapMut::reuse_fd` of libbpf-rs. libbpf then neither maps the arena nor stores the
    /// initial values of the program's variables, nor does it keep their pages from programs that
    /// allocate: call [`store_globals`](Self::store_globals) first, or create the arena by
    /// [`for_object`](Self::for_object), which does.
    ///
    /// ```
    /// use mapvalue::SystemError::{KernelTooOld, PermissionDenied};
    /// use mapvalue::{Arena, ArenaError, ArenaFlags, Error};
    ///
    /// # fn main() -> Result<(), Error> {
    /// let arena = match Arena::create(1 << 20, ArenaFlags::default()) {
    ///     Ok(arena) => arena, // 4 GiB of addresses, and no page yet
    ///     Err(
    ///         ArenaError::System(PermissionDenied { .. } | KernelTooOld { .. })
    ///         | ArenaError::Unsupported,
    ///     ) => Arena::memfd(16)?,
    ///     Err(error) => return Err(error.into()),
    /// };
    /// arena.get(arena.at::<u64>(64))?.store(7);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`MapError::Empty`] without pages, [`ArenaError::TooLong`] with more than 4 GiB of them,
    /// [`ArenaError::Flags`], [`SystemError::PermissionDenied`] without `CAP_BPF`,
    /// [`SystemError::KernelTooOld`] before Linux 6.9, [`ArenaError::Unsupported`] without the
    /// kernel's JIT compiler, [`ArenaError::NoRoom`], [`SystemError::Os`].
    pub fn create(pages: u64, flags: ArenaFlags) -> Result<Self, ArenaError> {
        Self::create_named(None, pages, flags, NAME)
    }

    /// Creates an arena as [`create`](Self::create) does, at an address of your choice, which is
    /// the same in all processes that map it (Linux 6.9): one that all agents of a machine keep
    /// free, such as `0x1000_0000_0000`.
    ///
    /// # Errors
    ///
    /// As for [`create`](Self::create), and [`ArenaError::Misaligned`] unless `start` is a multiple
    /// of a page and not 0, [`ArenaError::Crosses`] if there is a multiple of 4 GiB inside,
    /// [`ArenaError::AddressTaken`] or [`ArenaError::MappedHere`] if this process has something
    /// there.
    pub fn create_at(start: u64, pages: u64, flags: ArenaFlags) -> Result<Self, ArenaError> {
        Self::create_named(Some(start), pages, flags, NAME)
    }

    /// Creates an arena with a name, at an address if there is one.
    fn create_named(start: Option<u64>, pages: u64, flags: ArenaFlags, name: [u8; 16]) -> Result<Self, ArenaError> {
        let len = len_of(pages)?;
        let bits = flags.to_kernel()?;
        let span = start.map_or_else(|| range::find(len), |start| Span::new(start, len))?;
        let fd = create_map(pages, bits, span, name)?;
        let info = MapInfo::query(&fd)?;
        let mapped = map_at(fd.as_fd(), &info, span).map_err(|error| match error {
            // A limit on the addresses (`RLIMIT_AS`).
            ArenaError::Unmappable { errno: libc::ENOMEM, .. } if start.is_none() => ArenaError::NoRoom { len },
            error => error,
        })?;
        Self::of_map(fd, &info, mapped)
    }

    /// Maps an arena that a loader or another process created (Linux 6.9).
    ///
    /// It is mapped at the map's own address, `map_extra`. If it was created without one and nobody
    /// has mapped it yet, an address is chosen here, and stays for the map's life. If others have
    /// mapped it, a BPF program asks the kernel where (`CAP_BPF` and `CAP_PERFMON`).
    ///
    /// A process maps an arena only once: clone the [`Arena`] instead. libbpf maps an arena itself
    /// when it loads an object, unless it was given the arena: create it with
    /// [`for_object`](Self::for_object), or take that mapping over:
    /// `mapvalue_libbpf::arena(&object)` of the crate `mapvalue-libbpf`, or
    /// [`adopt_map`](Self::adopt_map).
    ///
    /// `map` is only borrowed: the arena keeps a descriptor of its own.
    ///
    /// The arena is read-only if the map is frozen: user space cannot store to it then, but BPF
    /// programs can. (As of Linux 6.18, an arena that was ever mapped writable cannot be frozen any
    /// more, even when it is unmapped: freeze it first.)
    ///
    /// # Errors
    ///
    /// [`ArenaError::NotAnArena`], [`ArenaError::MappedHere`] if this process has mapped it
    /// already, [`ArenaError::AddressTaken`] if something else is there,
    /// [`ArenaError::AddressUnknown`], [`MapError::ReadOnlyDescriptor`] or
    /// [`MapError::WriteOnlyDescriptor`] if the descriptor was opened with `BPF_F_RDONLY` or
    /// `BPF_F_WRONLY`, [`ArenaError::Unmappable`], [`SystemError::BadDescriptor`],
    /// [`MapError::NotAMap`], [`SystemError::PermissionDenied`].
    pub fn from_map(map: impl AsFd) -> Result<Self, ArenaError> {
        let (own, info) = MapInfo::query_duplicate(map)?;
        let len = len_of_map(&info)?;
        let mapped = match info.map_extra {
            0 => map_where_it_is(own.as_fd(), &info, len)?,
            start => map_at(own.as_fd(), &info, Span::new(start, len)?)?,
        };
        Self::of_map(own, &info, mapped)
    }

    /// Maps a pinned arena, by its path in a BPF file system (Linux 6.9). This works even after
    /// every process that used it has exited.
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, ArenaError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Maps an arena by the number of its map, [`MapInfo::id`] (Linux 6.9).
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, ArenaError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Pins the arena: gives it a path in a BPF file system. Until the path is removed, the arena
    /// and its data stay, even when no process uses it.
    ///
    /// ```no_run
    /// use mapvalue::{Arena, ArenaFlags};
    ///
    /// let arena = Arena::create(256, ArenaFlags::default())?;
    /// arena.pin("/sys/fs/bpf/agent/arena")?;
    /// drop(arena);
    /// let arena = Arena::from_pin("/sys/fs/bpf/agent/arena")?; // or another process, later
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::NoMap`] for a memfd, [`MapError::PinFailed`]: `EEXIST` if the path exists,
    /// `EPERM` outside a BPF file system, and others.
    pub fn pin(&self, path: impl AsRef<Path>) -> Result<(), ArenaError> {
        Ok(bpf::pin_as("pin the arena", self.map("pin it")?, path.as_ref())?)
    }

    /// Takes over a loader's mapping of an arena, if its descriptor is not at hand. Prefer
    /// [`adopt_map`](Self::adopt_map): without the map there are no [`pages`](Self::pages) and no
    /// [`pin`](Self::pin).
    ///
    /// # Safety
    ///
    /// - All `len` bytes at `base` are one mapping of an arena, readable and writable. (This is
    ///   checked if /proc is mounted. A mapping that is not writable is then a read-only arena.)
    /// - The mapping stays until the last handle to this arena, or into it, is dropped. (libbpf
    ///   unmaps its own when the object is closed.)
    /// - Until then, all other accesses by this process go through handles into the arena, or are
    ///   atomic accesses of the declared leaf width, as for [`Mapping::adopt`]. Other processes and
    ///   BPF programs count as threads that do the same.
    /// - The arena was created without `BPF_F_SEGV_ON_FAULT`.
    ///
    /// # Errors
    ///
    /// [`MapError::NullPointer`], [`ArenaError::NotArenaMemory`] if the bytes are not one mapping
    /// of a BPF map (if /proc is mounted), [`MapError::Empty`], [`ArenaError::TooLong`],
    /// [`ArenaError::Length`], [`ArenaError::Misaligned`], [`ArenaError::Crosses`].
    pub unsafe fn adopt(base: *mut u8, len: usize) -> Result<Self, ArenaError> {
        // SAFETY: the caller's promise.
        unsafe { Self::adopt_any(base, len as u64, None, None::<()>) }
    }

    /// Takes over a loader's mapping of an arena: libbpf maps one when it loads the object. Its
    /// `bpf_map__initial_value` returns `base`. For libbpf-rs, the crate `mapvalue-libbpf` does
    /// this without `unsafe`.
    ///
    /// ```no_run
    /// # fn open(fd: std::os::fd::OwnedFd, base: *mut u8) -> Result<(), mapvalue::Error> {
    /// // SAFETY: `base` is `bpf_map__initial_value` of the map `fd`. Its object is never closed,
    /// // and its skeleton is not used to reach the arena.
    /// let arena = unsafe { mapvalue::Arena::adopt_map(&fd, base)? };
    /// arena.prefault(0..1)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Safety
    ///
    /// As for [`adopt`](Self::adopt), but of all of `map`, mapped at `base`, and whatever its flags
    /// are: they are known here.
    ///
    /// # Errors
    ///
    /// As for [`adopt`](Self::adopt), and [`ArenaError::NotAnArena`];
    /// [`ArenaError::NotArenaMemory`] also if the map has another address.
    pub unsafe fn adopt_map(map: impl AsFd, base: *mut u8) -> Result<Self, ArenaError> {
        let (own, info) = MapInfo::query_duplicate(map)?;
        // SAFETY: the caller's promise.
        unsafe { Self::adopt_any(base, len_of_map(&info)?, Some((own, info)), None::<()>) }
    }

    /// Takes over a loader's mapping of an arena together with its owner, which the arena keeps.
    /// The owner is dropped with the last handle to the arena, or into it.
    ///
    /// This is for a crate that knows a loader: `mapvalue-libbpf` calls it for libbpf-rs, so that
    /// agents need no `unsafe`. A forked child never drops the owner, which could unmap what is not
    /// the arena there.
    ///
    /// # Safety
    ///
    /// - If all of `map`'s length at `base` is one mapping of a BPF map, it is that of `map`.
    ///   (Whether it is one is checked here.)
    /// - It stays until `owner` is dropped.
    /// - Until then, all other accesses by this process go through handles into the arena, or are
    ///   atomic accesses of the declared leaf width, as for [`adopt`](Self::adopt).
    ///
    /// # Errors
    ///
    /// As for [`adopt_map`](Self::adopt_map); [`ArenaError::NotArenaMemory`] also if /proc is not
    /// mounted.
    pub unsafe fn adopt_map_with(
        map: impl AsFd,
        base: *mut u8,
        owner: impl Send + 'static,
    ) -> Result<Self, ArenaError> {
        let (own, info) = MapInfo::query_duplicate(map)?;
        // SAFETY: the caller's promise. That the bytes are one mapping is checked, since there is
        // an owner.
        unsafe { Self::adopt_any(base, len_of_map(&info)?, Some((own, info)), Some(owner)) }
    }

    /// # Safety
    ///
    /// As for [`adopt`](Self::adopt) or [`adopt_map`](Self::adopt_map); with an owner, as for
    /// [`adopt_map_with`](Self::adopt_map_with).
    unsafe fn adopt_any(
        base: *mut u8,
        len: u64,
        map: Option<(OwnedFd, MapInfo)>,
        owner: Option<impl Send + 'static>,
    ) -> Result<Self, ArenaError> {
        let base = NonNull::new(base).ok_or(MapError::NullPointer)?;
        let span = Span::new(base.addr().get() as u64, len)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (map, name, flags) = match map {
            None => (None, MapName::NONE, ArenaFlags::default()),
            Some((_, info)) if info.map_extra != 0 && info.map_extra != span.start() => {
                let found = format!("{} lies at {:#x}", info.name, info.map_extra);
                return Err(ArenaError::NotArenaMemory { base: base.addr().get(), len, found });
            }
            Some((own, info)) => (Some(own), info.name, ArenaFlags::from_bits(info.map_flags)),
        };
        let read_only = check_mapping(base, len, span, owner.is_some())?;
        let process = Process::current();
        let release = move || if Process::current() == process { drop(owner) } else { mem::forget(owner) };
        let mapping = Mapping::of_arena(base, len, read_only, name, None, release);
        Ok(Self::new(mapping, span.start(), map, flags))
    }

    /// Returns the arena of a map that was just mapped.
    fn of_map(fd: OwnedFd, info: &MapInfo, (range, read_only): Mapped) -> Result<Self, ArenaError> {
        let kept = range.keep_from_children();
        kept.map_err(|errno| SystemError::Os { operation: "keep an arena from children", errno })?;
        // The length is what is mapped. An arena without address is as long as its first mapping.
        let (base, start, len) = (range.base(), range.start(), range.len());
        let mapping = Mapping::of_arena(base, len, read_only, info.name, None, move || drop(range));
        Ok(Self::new(mapping, start, Some(fd), ArenaFlags::from_bits(info.map_flags)))
    }

    /// Returns the descriptor of the kernel's map.
    pub(crate) fn map(&self, operation: &'static str) -> Result<BorrowedFd<'_>, ArenaError> {
        self.rest.map.as_ref().map(AsFd::as_fd).ok_or(ArenaError::NoMap { operation })
    }
}

/// A mapping of an arena, and why it is read-only if it is.
type Mapped = (AddressRange, Option<ReadOnlyReason>);

/// Returns the length of a map that must be an arena.
fn len_of_map(info: &MapInfo) -> Result<u64, ArenaError> {
    if info.map_type != ARENA {
        return Err(ArenaError::NotAnArena { map: info.name, map_type: info.map_type });
    }
    len_of(info.max_entries.into())
}

fn create_map(pages: u64, flags: u32, span: Span, name: [u8; 16]) -> Result<OwnedFd, ArenaError> {
    // It is at most 2^20: `len_of` has checked it.
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    sys::create_map(ARENA.0, flags, pages, span.start(), name)
        .map_err(|errno| not_created(errno, process::kernel_version()))
}

/// Why the kernel made no arena of valid arguments (`arena_map_alloc` in kernel/bpf/arena.c).
fn not_created(errno: i32, running: KernelVersion) -> ArenaError {
    match errno {
        // Older kernels do not know the type.
        libc::EINVAL if running < SINCE => {
            SystemError::KernelTooOld { feature: "BPF arenas", needs: SINCE, running }.into()
        }
        libc::EOPNOTSUPP | ENOTSUPP => ArenaError::Unsupported,
        libc::EPERM => {
            let (operation, capability) = ("create an arena (BPF_MAP_CREATE)", "CAP_BPF");
            SystemError::PermissionDenied { operation, capability }.into()
        }
        errno => SystemError::Os { operation: "create an arena", errno }.into(),
    }
}

/// Maps an arena at its address: writable or, if it is frozen, read-only.
fn map_at(fd: BorrowedFd<'_>, info: &MapInfo, span: Span) -> Result<Mapped, ArenaError> {
    for _ in 1..TRIES {
        match map_at_once(fd, info, span) {
            Err(ArenaError::Unmappable { errno: libc::EEXIST | libc::EBUSY, .. }) => {}
            mapped => return mapped,
        }
    }
    map_at_once(fd, info, span)
}

fn map_at_once(fd: BorrowedFd<'_>, info: &MapInfo, span: Span) -> Result<Mapped, ArenaError> {
    // First check that the addresses exist. If they do not, mapping the arena makes the kernel warn
    // of a bug of its own (`arena_get_unmapped_area` in kernel/bpf/arena.c).
    range::check_free(span).map_err(|errno| not_mapped(info.name, span, errno))?;
    let reason = match AddressRange::at(span, fd, libc::PROT_READ | libc::PROT_WRITE) {
        Ok(range) => return Ok((range, None)),
        Err(libc::EPERM) => ReadOnlyReason::Frozen,
        Err(libc::EACCES) => ReadOnlyReason::Descriptor,
        Err(errno) => return Err(not_mapped(info.name, span, errno)),
    };
    match AddressRange::at(span, fd, libc::PROT_READ) {
        Ok(range) => Ok((range, Some(reason))),
        Err(libc::EINVAL) if reason == ReadOnlyReason::Descriptor => {
            Err(MapError::ReadOnlyDescriptor { map: info.name }.into())
        }
        Err(libc::EACCES) => Err(MapError::WriteOnlyDescriptor { map: info.name }.into()),
        Err(errno) => Err(not_mapped(info.name, span, errno)),
    }
}

/// Maps an arena that was created without an address: at free addresses, where it then stays, or
/// where others have mapped it already. (The kernel then says EINVAL, or E2BIG if that is less.)
fn map_where_it_is(fd: BorrowedFd<'_>, info: &MapInfo, len: u64) -> Result<Mapped, ArenaError> {
    let span = range::find(len)?;
    match map_at(fd, info, span) {
        Err(ArenaError::Unmappable { errno: libc::EINVAL | libc::E2BIG, .. }) => {
            map_at(fd, info, kernel::ask_span(fd, info.name)?.unwrap_or(span))
        }
        mapped => mapped,
    }
}

/// Returns why the kernel did not map an arena.
fn not_mapped(map: MapName, span: Span, errno: i32) -> ArenaError {
    let (start, len) = (span.start(), span.len());
    match errno {
        libc::EEXIST | libc::EBUSY => match vmas::first_in(span) {
            Ok(Some(vma)) if vma.is_map() && vma.addresses.start == start => ArenaError::MappedHere { map, start },
            Ok(Some(vma)) => ArenaError::AddressTaken { map, start, len, by: vma.describe().to_owned() },
            // What was in the way is gone.
            Ok(None) => ArenaError::Unmappable { map, start, len, errno },
            Err(_) => ArenaError::AddressTaken { map, start, len, by: "it is not known what".to_owned() },
        },
        errno => ArenaError::Unmappable { map, start, len, errno },
    }
}

/// Checks that memory to adopt is one mapping of a BPF map. Returns whether it is read-only.
///
/// If that cannot be found out and is not `required`, the caller has promised it.
fn check_mapping(
    base: NonNull<u8>,
    len: usize,
    span: Span,
    required: bool,
) -> Result<Option<ReadOnlyReason>, ArenaError> {
    let not = |found: String| ArenaError::NotArenaMemory { base: base.addr().get(), len, found };
    match vmas::first_in(span) {
        Ok(Some(vma)) if !vma.is_map() => Err(not(vma.describe().to_owned())),
        Ok(Some(vma)) if !vma.holds(span) => {
            Err(not(format!("a part of them is, {:#x} to {:#x}", vma.addresses.start, vma.addresses.end)))
        }
        Ok(Some(vma)) => Ok((!vma.writable).then_some(ReadOnlyReason::Adopted)),
        Ok(None) => Err(not("there is nothing".to_owned())),
        Err(error) if required => Err(not(format!("/proc/self/maps does not tell ({error})"))),
        // The caller has promised that it is one, and that it is writable.
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(errno: i32) -> ArenaError {
        not_created(errno, KernelVersion { major: 6, minor: 18 })
    }

    #[test]
    fn a_kernel_before_arenas_is_too_old() {
        let error = not_created(libc::EINVAL, KernelVersion { major: 6, minor: 8 });
        assert_eq!(error.to_string(), "the running kernel 6.8 is too old for BPF arenas: Linux 6.9 or newer is needed");
        assert!(matches!(now(libc::EINVAL), ArenaError::System(SystemError::Os { errno: libc::EINVAL, .. })));
    }

    #[test]
    fn what_the_kernel_lacks_and_what_the_process_lacks_are_told_apart() {
        assert!(matches!(now(libc::EOPNOTSUPP), ArenaError::Unsupported));
        assert!(matches!(now(ENOTSUPP), ArenaError::Unsupported));
        let ArenaError::System(error) = now(libc::EPERM) else { panic!() };
        assert!(matches!(error, SystemError::PermissionDenied { capability: "CAP_BPF", .. }));
        assert!(matches!(now(libc::ENOMEM), ArenaError::System(SystemError::Os { errno: libc::ENOMEM, .. })));
    }
}
