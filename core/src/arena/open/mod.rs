//! Arenas with a kernel map: creating one, and mapping it where it demands.
//!
//! What can be known to be wrong before the kernel is asked is an error of its own (`span`, `flags`); what only the kernel knows is found
//! out from its error numbers here (`not_created`, `not_mapped`).

pub(crate) mod lock;
pub(crate) mod memfd;
pub(crate) mod room;
pub(crate) mod vmas;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::thread;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::arena::open::lock::{OpeningLock, PAUSE};
use crate::arena::open::room::Room;
use crate::arena::pages::kernel;
use crate::arena::span::{Span, len_of};
use crate::bpf;
use crate::bpf::MapInfo;
use crate::error::{ArenaError, KernelVersion, MapError, MapName, MapType, ReadOnlyReason, SystemError};
use crate::mapping::Mapping;
use crate::sys::ENOTSUPP;
use crate::sys::bpf as sys;
use crate::sys::process;

const ARENA: MapType = MapType(33);
/// The first kernel that has arenas.
const SINCE: KernelVersion = KernelVersion { major: 6, minor: 9 };
/// How often it is tried to map an arena where something else is, which may be there for a moment only.
const TRIES: u32 = 10;
/// The time between two tries.
/// The name of maps that are created here.
const NAME: [u8; 16] = *b"arena\0\0\0\0\0\0\0\0\0\0\0";

/// With a kernel map.
impl Arena {
    /// Creates an arena of `pages` pages in the kernel (Linux 6.9) and maps it, at a multiple of 4 GiB where this process has nothing
    /// else, and other processes hardly have. No page is there yet: each is made when it is first touched.
    ///
    /// Hand [`fd`](Self::fd) to the loader before it loads the programs that use the arena: `OpenMapMut::reuse_fd` of libbpf-rs. (libbpf
    /// then neither maps it, nor stores the initial values of the program's variables in it: they begin as 0. Nor does it keep
    /// their pages from programs that allocate: call [`hold_globals`](Self::hold_globals) first.)
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaError, ArenaFlags, Error};
    /// use mapvalue::SystemError::{KernelTooOld, PermissionDenied};
    ///
    /// # fn main() -> Result<(), Error> {
    /// let arena = match Arena::create(1 << 20, ArenaFlags::default()) {
    ///     Ok(arena) => arena, // 4 GiB of room, and not a page yet
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
    /// [`MapError::Empty`] without pages, [`ArenaError::TooLong`] with more than 4 GiB of them, [`ArenaError::Flags`],
    /// [`SystemError::PermissionDenied`] without `CAP_BPF`, [`SystemError::KernelTooOld`] before Linux 6.9, [`ArenaError::Unsupported`] without the kernel's
    /// JIT compiler, [`ArenaError::NoRoom`], [`SystemError::Os`].
    pub fn create(pages: u64, flags: ArenaFlags) -> Result<Self, ArenaError> {
        let len = len_of(pages)?;
        let bits = flags.to_kernel()?;
        let room = Room::find(len)?;
        let span = Span::new(room.start(), len)?;
        let fd = create_map(pages, bits, span)?;
        let info = MapInfo::query(&fd)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let room = room.fill(fd.as_fd(), access).map_err(|errno| not_mapped(info.name, span, errno))?;
        Self::of_map(fd, &info, room, None)
    }

    /// Creates an arena as [`create`](Self::create) does, at an address of the caller's choice, which is the same in all processes that
    /// map it (Linux 6.9).
    ///
    /// ```no_run
    /// use mapvalue::{Arena, ArenaFlags};
    ///
    /// // Where no process has anything, as far as the agents of this machine agree.
    /// let arena = Arena::create_at(0x1000_0000_0000, 256, ArenaFlags::default())?;
    /// assert_eq!(arena.start(), 0x1000_0000_0000);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`ArenaError::Misaligned`] unless `start` is a multiple of a page and not 0,
    /// [`ArenaError::Crosses`] if there is a multiple of 4 GiB inside, [`ArenaError::AddressTaken`] or [`ArenaError::MappedHere`] if
    /// this process has something there.
    pub fn create_at(start: u64, pages: u64, flags: ArenaFlags) -> Result<Self, ArenaError> {
        let span = Span::new(start, len_of(pages)?)?;
        let fd = create_map(pages, flags.to_kernel()?, span)?;
        let info = MapInfo::query(&fd)?;
        let (room, read_only) = map_at(fd.as_fd(), &info, span)?;
        Self::of_map(fd, &info, room, read_only)
    }

    /// Maps an arena that somebody else created: a loader, or another process (Linux 6.9).
    ///
    /// It is mapped where it demands, `map_extra`. If it was created without an address and nobody has mapped it yet, one is chosen here,
    /// which then stays for the map's life. If others have, a BPF program asks the kernel where (`CAP_BPF` and `CAP_PERFMON`).
    ///
    /// An arena is mapped once in a process: clone the [`Arena`] instead. libbpf maps arenas itself when it loads an object
    /// (unless the descriptor was reused): take that mapping over with [`adopt_map`](Self::adopt_map).
    ///
    /// `map` is only borrowed. The arena keeps a descriptor of its own.
    ///
    /// Read-only if the map is frozen: then user space cannot store to it, and BPF programs can. (As of Linux 6.18, an arena that was
    /// ever mapped writable cannot be frozen any more, even when it is unmapped: freeze it before it is mapped.)
    ///
    /// ```no_run
    /// use mapvalue::Arena;
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let arena = Arena::from_map(&fd)?;
    /// drop(fd); // the arena has its own
    /// let jobs = arena.get(arena.at::<u64>(0))?.load();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::NotAnArena`], [`ArenaError::MappedHere`] if it is mapped in this process already, [`ArenaError::AddressTaken`] if
    /// something else is there, [`ArenaError::AddressUnknown`], [`MapError::ReadOnlyDescriptor`] or [`MapError::WriteOnlyDescriptor`] if the
    /// descriptor was opened with `BPF_F_RDONLY` or `BPF_F_WRONLY`, [`ArenaError::Unmappable`], [`SystemError::BadDescriptor`],
    /// [`MapError::NotAMap`], [`SystemError::PermissionDenied`].
    pub fn from_map(map: impl AsFd) -> Result<Self, ArenaError> {
        let (own, info) = MapInfo::query_duplicate(map)?;
        let len = len_of_map(&info)?;
        let (room, read_only) = if info.map_extra == 0 {
            map_where_it_is(own.as_fd(), &info, len)?
        } else {
            map_at(own.as_fd(), &info, Span::new(info.map_extra, len)?)?
        };
        Self::of_map(own, &info, room, read_only)
    }

    /// Maps an arena that was pinned, by its path in a BPF file system (Linux 6.9): also one whose processes are all gone.
    ///
    /// ```no_run
    /// let arena = mapvalue::Arena::from_pin("/sys/fs/bpf/agent/arena")?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_pin`] and of [`from_map`](Self::from_map).
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self, ArenaError> {
        Self::from_map(bpf::open_pin(path)?)
    }

    /// Maps an arena by the number of its map, [`MapInfo::id`] (Linux 6.9).
    ///
    /// ```no_run
    /// use mapvalue::{Arena, bpf::MapInfo};
    ///
    /// # fn open(fd: std::os::fd::OwnedFd) -> Result<(), mapvalue::Error> {
    /// let id = MapInfo::query(&fd)?.id; // told to another process
    /// let arena = Arena::from_id(id)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bpf::open_id`] and of [`from_map`](Self::from_map).
    pub fn from_id(id: u32) -> Result<Self, ArenaError> {
        Self::from_map(bpf::open_id(id)?)
    }

    /// Pins the arena: gives it a path in a BPF file system, which keeps it and its data until the path is removed, whatever becomes of
    /// the processes.
    ///
    /// ```no_run
    /// use mapvalue::{Arena, ArenaFlags};
    ///
    /// let arena = Arena::create(256, ArenaFlags::default())?;
    /// arena.pin("/sys/fs/bpf/agent/arena")?;
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::NoMap`] of a memfd, [`MapError::PinFailed`]: `EEXIST` if the path exists, `EPERM` outside of a BPF file system, and others.
    pub fn pin(&self, path: impl AsRef<Path>) -> Result<(), ArenaError> {
        Ok(bpf::pin_as("pin the arena", self.map("pin it")?, path.as_ref())?)
    }

    /// Takes over the mapping of an arena that a loader made, whose descriptor is not at hand. Prefer [`adopt_map`](Self::adopt_map):
    /// without the map there are no [`pages`](Self::pages) and no [`pin`](Self::pin).
    ///
    /// ```no_run
    /// # fn open(base: *mut u8, len: usize) -> Result<(), mapvalue::Error> {
    /// // SAFETY: the loader has mapped all of the arena there, writable and without `BPF_F_SEGV_ON_FAULT`. It keeps it mapped for as
    /// // long as the process lives, and touches it no more.
    /// let arena = unsafe { mapvalue::Arena::adopt(base, len)? };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Safety
    ///
    /// - The mapping stays until the last handle to this arena, and into it, is dropped. (libbpf takes its own away when the object is
    ///   closed.)
    /// - The arena was created without `BPF_F_SEGV_ON_FAULT`.
    /// - All `len` bytes at `base` are one mapping of an arena, readable and writable. (As far as /proc is mounted to tell, this is checked, and
    ///   a mapping that is not writable is a read-only arena.)
    /// - In that time all other accesses by this process go through handles into the arena, or are atomic accesses of the declared leaf width, as at
    ///   [`Mapping::adopt`]; what other processes or BPF programs do is as if they were threads that do the same.
    ///
    /// # Errors
    ///
    /// [`MapError::NullPointer`], [`ArenaError::NotArenaMemory`] if the bytes are not one mapping of a BPF map (as far as /proc is mounted to tell),
    /// [`MapError::Empty`], [`ArenaError::TooLong`], [`ArenaError::Length`], [`ArenaError::Misaligned`], [`ArenaError::Crosses`].
    pub unsafe fn adopt(base: *mut u8, len: usize) -> Result<Self, ArenaError> {
        let base = NonNull::new(base).ok_or(MapError::NullPointer)?;
        let span = Span::new(base.addr().get() as u64, len as u64)?;
        let read_only = check_mapping(base, len, span)?;
        let mapping = Mapping::of_arena(base, len, read_only, MapName::NONE, None, || ());
        Ok(Self::new(mapping, span.start(), None, ArenaFlags::default()))
    }

    /// Takes over the mapping of an arena that a loader made: libbpf maps an arena when it loads the object. Of libbpf, `base` is what
    /// `bpf_map__initial_value` returns.
    ///
    /// ```no_run
    /// # fn open(fd: std::os::fd::OwnedFd, base: *mut u8) -> Result<(), mapvalue::Error> {
    /// // SAFETY: `base` is `bpf_map__initial_value` of the map `fd`. The object that has it is never closed, and its skeleton is not
    /// // used to reach the arena.
    /// let arena = unsafe { mapvalue::Arena::adopt_map(&fd, base)? };
    /// arena.prefault(0..1)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Safety
    ///
    /// - `base` is where `map` is mapped, all of it by one mapping, readable and writable. (As far as /proc is mounted to tell, it is checked that
    ///   it is a map's, and a mapping that is not writable is a read-only arena.)
    /// - The mapping stays until the last handle to this arena, and into it, is dropped. (libbpf takes its own away when the object is closed.)
    /// - In that time all other accesses by this process go through handles into the arena, or are atomic accesses of the declared leaf width, as at
    ///   [`Mapping::adopt`]; what other processes or BPF programs do is as if they were threads that do the same.
    ///
    /// # Errors
    ///
    /// As [`adopt`](Self::adopt), and [`ArenaError::NotAnArena`]; [`ArenaError::NotArenaMemory`] also if the map demands another address.
    pub unsafe fn adopt_map(map: impl AsFd, base: *mut u8) -> Result<Self, ArenaError> {
        let (own, info) = MapInfo::query_duplicate(map)?;
        let base = NonNull::new(base).ok_or(MapError::NullPointer)?;
        let span = Span::new(base.addr().get() as u64, len_of_map(&info)?)?;
        let len = usize::try_from(span.len()).unwrap_or(usize::MAX);
        if info.map_extra != 0 && info.map_extra != span.start() {
            let found = format!("{} lies at {:#x}", info.name, info.map_extra);
            return Err(ArenaError::NotArenaMemory { base: base.addr().get(), len, found });
        }
        let read_only = check_mapping(base, len, span)?;
        let mapping = Mapping::of_arena(base, len, read_only, info.name, None, || ());
        Ok(Self::new(mapping, span.start(), Some(own), ArenaFlags::from_bits(info.map_flags)))
    }

    /// The arena of a map that was just mapped.
    fn of_map(fd: OwnedFd, info: &MapInfo, room: Room, read_only: Option<ReadOnlyReason>) -> Result<Self, ArenaError> {
        room.keep_from_children()
            .map_err(|errno| SystemError::Os { operation: "keep an arena from children", errno })?;
        // As much as is mapped: of an arena without an address that is as much as the first who mapped it asked for.
        let (base, start, len) = (room.base(), room.start(), room.len());
        let mapping = Mapping::of_arena(base, len, read_only, info.name, None, move || drop(room));
        Ok(Self::new(mapping, start, Some(fd), ArenaFlags::from_bits(info.map_flags)))
    }

    /// The descriptor of the kernel's map.
    pub(crate) fn map(&self, operation: &'static str) -> Result<BorrowedFd<'_>, ArenaError> {
        self.rest.map.as_ref().map(AsFd::as_fd).ok_or(ArenaError::NoMap { operation })
    }
}

/// Bytes of a map that is an arena.
fn len_of_map(info: &MapInfo) -> Result<u64, ArenaError> {
    if info.map_type != ARENA {
        return Err(ArenaError::NotAnArena { map: info.name, map_type: info.map_type });
    }
    len_of(info.max_entries.into())
}

fn create_map(pages: u64, flags: u32, span: Span) -> Result<OwnedFd, ArenaError> {
    // It is at most 2^20: `len_of` has seen it.
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    sys::create_map(ARENA.0, flags, pages, span.start(), NAME)
        .map_err(|errno| not_created(errno, process::kernel_version()))
}

/// Why the kernel did not create an arena whose arguments are right (`arena_map_alloc` in kernel/bpf/arena.c).
fn not_created(errno: i32, running: KernelVersion) -> ArenaError {
    match errno {
        // Before, the type is unknown.
        libc::EINVAL if running < SINCE => {
            SystemError::KernelTooOld { feature: "BPF arenas", needs: SINCE, running }.into()
        }
        libc::EOPNOTSUPP | ENOTSUPP => ArenaError::Unsupported,
        libc::EPERM => {
            SystemError::PermissionDenied { operation: "create an arena (BPF_MAP_CREATE)", capability: "CAP_BPF" }
                .into()
        }
        errno => SystemError::Os { operation: "create an arena", errno }.into(),
    }
}

/// Maps an arena where it has to be: writable or, if it is frozen, read-only.
///
/// Something of another kind may be there for a moment only.
fn map_at(fd: BorrowedFd<'_>, info: &MapInfo, span: Span) -> Result<(Room, Option<ReadOnlyReason>), ArenaError> {
    let _lock = OpeningLock::wait();
    for _ in 1..TRIES {
        match map_at_once(fd, info, span) {
            // What was in the way may be gone by the time that it is looked for.
            Err(ArenaError::AddressTaken { .. } | ArenaError::Unmappable { errno: libc::ENOMEM, .. }) => {
                thread::sleep(PAUSE);
            }
            mapped => return mapped,
        }
    }
    map_at_once(fd, info, span)
}

fn map_at_once(fd: BorrowedFd<'_>, info: &MapInfo, span: Span) -> Result<(Room, Option<ReadOnlyReason>), ArenaError> {
    // First whether there can be anything: of an arena that demands addresses which no process has, the kernel warns of a bug of its
    // own (`arena_get_unmapped_area` in kernel/bpf/arena.c).
    Room::hold(span).map(drop).map_err(|errno| not_mapped(info.name, span, errno))?;
    let reason = match Room::at(span, fd, libc::PROT_READ | libc::PROT_WRITE) {
        Ok(room) => return Ok((room, None)),
        Err(libc::EPERM) => ReadOnlyReason::Frozen,
        Err(libc::EACCES) => ReadOnlyReason::Descriptor,
        Err(errno) => return Err(not_mapped(info.name, span, errno)),
    };
    match Room::at(span, fd, libc::PROT_READ) {
        Ok(room) => Ok((room, Some(reason))),
        Err(libc::EINVAL) if reason == ReadOnlyReason::Descriptor => {
            Err(MapError::ReadOnlyDescriptor { map: info.name }.into())
        }
        Err(libc::EACCES) => Err(MapError::WriteOnlyDescriptor { map: info.name }.into()),
        Err(errno) => Err(not_mapped(info.name, span, errno)),
    }
}

/// Maps an arena without an address of its own: where there is room, which is where it then stays or, if others have mapped it
/// already (EINVAL, or E2BIG if they mapped less), where they have.
fn map_where_it_is(fd: BorrowedFd<'_>, info: &MapInfo, len: u64) -> Result<(Room, Option<ReadOnlyReason>), ArenaError> {
    let room = Room::find(len)?;
    let span = Span::new(room.start(), len)?;
    drop(room);
    match map_at(fd, info, span) {
        Err(ArenaError::Unmappable { errno: libc::EINVAL | libc::E2BIG, .. }) => {
            map_at(fd, info, kernel::ask_span(fd, info.name)?.unwrap_or(span))
        }
        mapped => mapped,
    }
}

/// Why the kernel did not map an arena.
fn not_mapped(map: MapName, span: Span, errno: i32) -> ArenaError {
    let (start, len) = (span.start(), span.len());
    match errno {
        libc::EEXIST | libc::EBUSY => match vmas::first_in(span) {
            Ok(Some(vma)) if vma.is_map() && vma.addresses.start == start => ArenaError::MappedHere { map, start },
            Ok(Some(vma)) => ArenaError::AddressTaken { map, start, len, by: vma.describe().to_owned() },
            // There are no such addresses.
            Ok(None) => ArenaError::Unmappable { map, start, len, errno: libc::ENOMEM },
            Err(_) => ArenaError::AddressTaken { map, start, len, by: "it is not known what".to_owned() },
        },
        errno => ArenaError::Unmappable { map, start, len, errno },
    }
}

/// Checks that memory to adopt is one mapping of a BPF map; whether it is read-only.
fn check_mapping(base: NonNull<u8>, len: usize, span: Span) -> Result<Option<ReadOnlyReason>, ArenaError> {
    let not = |found: String| ArenaError::NotArenaMemory { base: base.addr().get(), len, found };
    match vmas::first_in(span) {
        Ok(Some(vma)) if !vma.is_map() => Err(not(vma.describe().to_owned())),
        Ok(Some(vma)) if !vma.holds(span) => {
            Err(not(format!("a part of them is, {:#x} to {:#x}", vma.addresses.start, vma.addresses.end)))
        }
        Ok(Some(vma)) => Ok((!vma.writable).then_some(ReadOnlyReason::Adopted)),
        Ok(None) => Err(not("there is nothing".to_owned())),
        // The caller has promised that it is one, and writable.
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: KernelVersion = KernelVersion { major: 6, minor: 18 };

    #[test]
    fn a_kernel_before_arenas_is_too_old() {
        let error = not_created(libc::EINVAL, KernelVersion { major: 6, minor: 8 });
        assert_eq!(error.to_string(), "the running kernel 6.8 is too old for BPF arenas: Linux 6.9 or newer is needed");
        assert!(matches!(
            not_created(libc::EINVAL, NOW),
            ArenaError::System(SystemError::Os { errno: libc::EINVAL, .. })
        ));
    }

    #[test]
    fn what_the_kernel_lacks_and_what_the_process_lacks_are_told_apart() {
        assert!(matches!(not_created(libc::EOPNOTSUPP, NOW), ArenaError::Unsupported));
        assert!(matches!(not_created(ENOTSUPP, NOW), ArenaError::Unsupported));
        assert!(matches!(
            not_created(libc::EPERM, NOW),
            ArenaError::System(SystemError::PermissionDenied { capability: "CAP_BPF", .. })
        ));
        assert!(matches!(
            not_created(libc::ENOMEM, NOW),
            ArenaError::System(SystemError::Os { errno: libc::ENOMEM, .. })
        ));
    }
}
