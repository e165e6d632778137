//! Maps a ring: the reader's page, and the producer's with the data, which lies there twice.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use memmap2::MmapOptions;

use crate::bpf::MapInfo;
use crate::error::{MapError, MapName, MapType, ReadOnlyReason, RingError, SystemError};
use crate::mapping::Mapping;
use crate::mapping::open::BPF_F_RDONLY_PROG;
use crate::mapping::pages;
use crate::sys::process::page_size;

/// `BPF_F_RB_OVERWRITE` of include/uapi/linux/bpf.h.
const BPF_F_RB_OVERWRITE: u32 = 1 << 19;

/// Which side of a ring this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It writes the reader's position alone.
    Reader,
    /// It writes all but the reader's position.
    Producer,
}

/// A ring in memory.
#[derive(Debug)]
pub(crate) struct OpenRing {
    /// The page with the reader's position.
    pub(crate) consumer: Arc<Mapping>,
    /// The page with the producer's position, and the data twice.
    pub(crate) rest: Arc<Mapping>,
    pub(crate) page: usize,
    pub(crate) capacity: usize,
}

/// Maps a ring of the kernel's (`ringbuf_map_mmap_kern` and `ringbuf_map_mmap_user` in
/// kernel/bpf/ringbuf.c).
pub(crate) fn open(map: BorrowedFd<'_>, side: Side) -> Result<(OwnedFd, MapInfo, OpenRing), RingError> {
    let (fd, info) = MapInfo::query_duplicate(map)?;
    check(&info, side)?;
    let page = page_size();
    let capacity = check_size(info.max_entries.into(), page)?;
    let part = |offset: usize, len: usize, side_of_part: Side| {
        let mut options = MmapOptions::new();
        options.offset(offset as u64).len(len);
        let mapped = if side_of_part == side {
            options.map_raw(fd.as_raw_fd())
        } else {
            options.map_raw_read_only(fd.as_raw_fd())
        };
        match mapped {
            Ok(pages) => {
                let read_only = (side_of_part != side).then_some(ReadOnlyReason::Descriptor);
                Ok(Mapping::of_ring(pages, len, read_only, info.name)?)
            }
            Err(error) => Err(refused(&info, &error, side_of_part == side)),
        }
    };
    // What is to be written comes first: the kernel says there why it cannot be.
    let parts = || match side {
        Side::Reader => Ok((part(0, page, Side::Reader)?, part(page, page + 2 * capacity, Side::Producer)?)),
        Side::Producer => {
            let rest = part(page, page + 2 * capacity, Side::Producer)?;
            Ok::<_, RingError>((part(0, page, Side::Reader)?, rest))
        }
    };
    let (consumer, rest) = parts()?;
    Ok((fd, info, OpenRing { consumer, rest, page, capacity }))
}

/// Checks that a map is the kind of ring whose one side this process can be.
fn check(info: &MapInfo, side: Side) -> Result<(), RingError> {
    let wanted = match side {
        Side::Reader => MapType::RINGBUF,
        Side::Producer => MapType::USER_RINGBUF,
    };
    if info.map_type != wanted {
        return Err(RingError::NotARing { map: info.name, map_type: info.map_type, wanted });
    }
    if info.map_flags & BPF_F_RB_OVERWRITE != 0 {
        return Err(RingError::Overwrites { map: info.name });
    }
    Ok(())
}

/// Checks that a ring can have this size in bytes.
pub(crate) fn check_size(size: u64, page: usize) -> Result<usize, RingError> {
    let wrong = || RingError::Size { size, page: page as u64 };
    let capacity = usize::try_from(size).map_err(|_| wrong())?;
    // Of 2^31 bytes at most, as the kernel's, whose size has 32 bits. So no sum below is too large,
    // and no record is as long as a header that has a bit set.
    if capacity.is_power_of_two() && capacity.is_multiple_of(page) && size <= 1 << 31 {
        Ok(capacity)
    } else {
        Err(wrong())
    }
}

/// Says why the kernel did not map a part of a ring.
fn refused(info: &MapInfo, error: &io::Error, writable: bool) -> RingError {
    let map = info.name;
    let not_writable = |reason| RingError::NotWritable { map, reason };
    match error.raw_os_error() {
        Some(libc::EPERM) if writable => not_writable(ReadOnlyReason::Frozen),
        Some(libc::EACCES) if writable && info.map_flags & BPF_F_RDONLY_PROG != 0 => {
            not_writable(ReadOnlyReason::ReadOnlyForPrograms)
        }
        Some(libc::EACCES) if writable => not_writable(ReadOnlyReason::Descriptor),
        Some(libc::EACCES) => MapError::WriteOnlyDescriptor { map }.into(),
        _ => SystemError::os("map a ring buffer", error).into(),
    }
}

/// Makes a memfd for a ring: a page for each position, and the data.
pub(crate) fn create_memfd(size: usize) -> Result<File, RingError> {
    let page = page_size();
    let capacity = check_size(size as u64, page)?;
    Ok(pages::create_memfd(2 * page + capacity)?)
}

/// Maps a ring on a memfd, which [`create_memfd`] has made for this size, as the kernel maps one.
pub(crate) fn open_memfd(memfd: &File, len: usize, side: Side) -> Result<OpenRing, RingError> {
    let page = page_size();
    let capacity = check_size(len as u64, page)?;
    let part = |pieces: &[(usize, usize)], side_of_part: Side| {
        let range = Range::of(memfd.as_fd(), pieces, side_of_part == side)?;
        let read_only = (side_of_part != side).then_some(ReadOnlyReason::File);
        let (base, len) = (range.base, range.len);
        Ok::<_, RingError>(Mapping::of_arena(base, len, read_only, MapName::NONE, None, move || drop(range)))
    };
    let consumer = part(&[(0, page)], Side::Reader)?;
    let rest = part(&[(page, page + capacity), (2 * page, capacity)], Side::Producer)?;
    Ok(OpenRing { consumer, rest, page, capacity })
}

/// A range of addresses with pieces of a file, one after the other. It is unmapped as a whole when
/// dropped.
struct Range {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a range of addresses belongs to the process, whichever thread holds it.
unsafe impl Send for Range {}

impl Range {
    /// Maps pieces of a file, each by its offset and length: multiples of a page, at least one.
    fn of(file: BorrowedFd<'_>, pieces: &[(usize, usize)], writable: bool) -> Result<Self, SystemError> {
        let failed = || SystemError::os("map a ring buffer", &io::Error::last_os_error());
        let len = pieces.iter().map(|(_, len)| len).sum();
        let held = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: the kernel chooses addresses that are free, so no other mapping is touched.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, held, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(failed());
        }
        let base = NonNull::new(base.cast::<u8>()).ok_or_else(failed)?;
        // From here on it is unmapped if a step fails.
        let range = Self { base, len };
        let access = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let mut at = base.as_ptr();
        for (offset, len) in pieces {
            let offset = libc::off_t::try_from(*offset).unwrap_or(libc::off_t::MAX);
            let shared = libc::MAP_SHARED | libc::MAP_FIXED;
            // SAFETY: the pieces lie one after the other in the range that is held here (`len` is
            // their sum), into which nobody has a reference yet.
            let mapped = unsafe { libc::mmap(at.cast(), *len, access, shared, file.as_raw_fd(), offset) };
            if mapped == libc::MAP_FAILED {
                return Err(failed());
            }
            // SAFETY: at most the end of the range, which is `len` bytes long.
            at = unsafe { at.add(*len) };
        }
        Ok(range)
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        // SAFETY: the range is our own mapping, all of it, and whoever had a reference into it held
        // the `Mapping` that drops this last. (A forked child has a copy of its own.)
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(map_type: u32, map_flags: u32) -> MapInfo {
        MapInfo {
            map_type: MapType(map_type),
            id: 1,
            key_size: 0,
            value_size: 0,
            max_entries: 4096,
            map_flags,
            name: MapName::new(*b"events\0\0\0\0\0\0\0\0\0\0"),
            btf_id: 0,
            btf_key_type_id: 0,
            btf_value_type_id: 0,
            map_extra: 0,
        }
    }

    #[test]
    fn a_ring_that_overwrites_is_refused_by_name() {
        assert!(check(&info(27, 0), Side::Reader).is_ok());
        let error = check(&info(27, BPF_F_RB_OVERWRITE), Side::Reader).unwrap_err();
        assert!(matches!(error, RingError::Overwrites { .. }));
        assert!(error.to_string().contains("map `events` was created with BPF_F_RB_OVERWRITE"), "{error}");
    }

    #[test]
    fn the_other_kind_of_ring_and_other_maps_are_told_apart() {
        let error = check(&info(31, 0), Side::Reader).unwrap_err();
        assert_eq!(
            error.to_string(),
            "map `events` is of type user_ringbuf (31), not ringbuf (27): samples for programs are sent with `UserRing`"
        );
        let error = check(&info(27, 0), Side::Producer).unwrap_err();
        assert!(error.to_string().ends_with("records from programs are read with `Ring`"), "{error}");
        assert!(matches!(check(&info(2, 0), Side::Reader), Err(RingError::NotARing { .. })));
    }

    #[test]
    fn sizes_are_powers_of_two_and_whole_pages() {
        for size in [4096_u64, 8192, 1 << 31] {
            assert_eq!(check_size(size, 4096).unwrap() as u64, size);
        }
        for size in [0, 1, 4095, 2048, 12288, 1 << 32, u64::MAX] {
            assert!(matches!(check_size(size, 4096), Err(RingError::Size { page: 4096, .. })), "{size}");
        }
        // Pages of 64 KiB.
        assert!(check_size(4096, 65536).is_err() && check_size(65536, 65536).is_ok());
    }
}
