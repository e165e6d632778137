//! Maps the values of a map: writable if possible, else read-only, else with a reason.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use memmap2::{MmapOptions, MmapRaw};

use crate::bpf::MapInfo;
use crate::bpf::geometry::ValueGrid;
use crate::bpf::info;
use crate::error::{MapError, ReadOnlyReason, SystemError};
use crate::sys::ENOTSUPP;
use crate::sys::process;
use crate::sys::process::page_size;

/// `BPF_F_RDONLY_PROG` of include/uapi/linux/bpf.h.
pub(crate) const BPF_F_RDONLY_PROG: u32 = 1 << 7;

/// Maps the values of a map, of which the caller's descriptor is not needed afterwards.
pub(crate) fn open(map: impl AsFd) -> Result<(MapInfo, ValueGrid, MmapRaw, Option<ReadOnlyReason>), MapError> {
    let map = map.as_fd();
    let number = map.as_raw_fd();
    let (fd, info) = MapInfo::query_duplicate(map)?;
    let page = page_size();
    let geometry = ValueGrid::of(&info, process::kernel_version(), page as u64)?;
    let mut options = MmapOptions::new();
    options.len(geometry.mapped_len(page));
    let (pages, read_only) = match options.map_raw(fd.as_raw_fd()) {
        Ok(pages) => (pages, None),
        Err(error) => {
            let reason = read_only_reason(&error, &info);
            let again = reason.map_or(Err(error), |_| options.map_raw_read_only(fd.as_raw_fd()));
            (again.map_err(|error| refused(&fd, number, &info, errno(&error), reason))?, reason)
        }
    };
    Ok((info, geometry, pages, read_only))
}

/// Returns why the kernel refused a writable mapping, if a read-only one may still work
/// (`bpf_map_mmap` in kernel/bpf/syscall.c).
fn read_only_reason(error: &io::Error, info: &MapInfo) -> Option<ReadOnlyReason> {
    match errno(error) {
        libc::EPERM => Some(ReadOnlyReason::Frozen),
        libc::EACCES if info.map_flags & BPF_F_RDONLY_PROG != 0 => Some(ReadOnlyReason::ReadOnlyForPrograms),
        libc::EACCES => Some(ReadOnlyReason::Descriptor),
        _ => None,
    }
}

/// Says why the kernel did not map the values; `reason` is why read-only was tried.
fn refused(fd: &OwnedFd, number: RawFd, info: &MapInfo, errno: i32, reason: Option<ReadOnlyReason>) -> MapError {
    match (errno, reason) {
        (ENOTSUPP, _) => MapError::SpecialFields { map: info.name },
        (libc::ENODEV, _) => info::not_a_map(number, process::link_target(fd.as_fd())),
        (libc::EINVAL, Some(_)) => MapError::ReadOnlyDescriptor { map: info.name },
        (libc::EACCES, Some(_)) => MapError::WriteOnlyDescriptor { map: info.name },
        (libc::EPERM, _) => SystemError::PermissionDenied {
            operation: "map the values of a map",
            capability: "a policy (seccomp or a security module) that allows it",
        }
        .into(),
        (errno, _) => SystemError::Os { operation: "map the values of the map", errno }.into(),
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
}
