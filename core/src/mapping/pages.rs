//! Where the pages of a mapping come from, and how they are given back.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd};

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{MapError, ReadOnlyReason, SystemError};

/// The seals that make a memfd safe to map: it cannot be shortened, nor that seal be taken away.
const SHRINK: libc::c_int = libc::F_SEAL_SHRINK;

/// Gives memory back that others mapped.
pub(crate) type Release = Box<dyn FnOnce() + Send>;

/// What keeps the pages, and gives them back when it is dropped.
pub(crate) enum Pages {
    /// Mapped by us; memmap2 unmaps them. The memfd is kept so that it can be handed on.
    Mapped { _pages: MmapRaw, memfd: Option<File> },
    /// Mapped by others, who gave us a way to release them; or where an arena has to be.
    Adopted { release: Option<Release>, memfd: Option<File> },
}

impl Pages {
    pub(crate) fn memfd(&self) -> Option<&File> {
        match self {
            Self::Mapped { memfd, .. } | Self::Adopted { memfd, .. } => memfd.as_ref(),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Self::Adopted { release, .. } = self {
            release.take().into_iter().for_each(|release| release());
        }
    }
}

/// A length that can be mapped: not zero, and no more than a pointer can span.
pub(crate) fn check_len(len: u64, what: &'static str) -> Result<usize, MapError> {
    if len == 0 {
        return Err(MapError::Empty { what });
    }
    let max = isize::MAX.unsigned_abs();
    match usize::try_from(len) {
        Ok(len) if len <= max => Ok(len),
        _ => Err(MapError::TooLong { len, max: max as u64 }),
    }
}

/// Makes a memfd of `len` zero bytes, sealed so that it keeps that length.
pub(crate) fn create_memfd(len: usize) -> Result<File, MapError> {
    let len = check_len(len as u64, "the memfd")?;
    // SAFETY: the name is a C string; the call has no other memory effects.
    let fd = unsafe { libc::memfd_create(c"mapvalue".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    if fd < 0 {
        return Err(SystemError::os("create a memfd", &io::Error::last_os_error()).into());
    }
    // SAFETY: the descriptor was just made, and nobody else owns it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len as u64).map_err(|error| SystemError::os("set the length of a memfd", &error))?;
    // SAFETY: `F_ADD_SEALS` takes an integer and touches no memory of ours.
    let sealed = unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL) };
    if sealed < 0 {
        return Err(SystemError::os("seal a memfd", &io::Error::last_os_error()).into());
    }
    Ok(file)
}

/// Duplicates the descriptor of a memfd that can never be shortened.
pub(crate) fn check_memfd(memfd: BorrowedFd<'_>) -> Result<File, MapError> {
    // First, so that what is checked is what is mapped, whatever the caller's number stands for
    // later.
    let own = memfd.try_clone_to_owned().map_err(|error| match error.raw_os_error() {
        Some(libc::EBADF) => SystemError::BadDescriptor { fd: memfd.as_raw_fd() },
        _ => SystemError::os("duplicate a memfd", &error),
    })?;
    // SAFETY: `F_GET_SEALS` takes no argument and touches no memory of ours.
    let seals = unsafe { libc::fcntl(own.as_raw_fd(), libc::F_GET_SEALS) };
    // It fails for other files, and where the descriptor was opened with O_PATH.
    if seals < 0 || seals & SHRINK == 0 || is_hugetlb(own.as_fd())? {
        return Err(MapError::NotSealed);
    }
    Ok(File::from(own))
}

/// Whether the file is made of huge pages: its owner can punch a hole into it in spite of the seal,
/// and if there is no huge page left then, touching the hole is a SIGBUS.
fn is_hugetlb(file: BorrowedFd<'_>) -> Result<bool, MapError> {
    let mut stat = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `stat` is valid for writes of one `statfs`.
    if unsafe { libc::fstatfs(file.as_raw_fd(), stat.as_mut_ptr()) } < 0 {
        return Err(SystemError::os("ask for the file system of a memfd", &io::Error::last_os_error()).into());
    }
    // SAFETY: zeroed, and then written by the call; all fields are integers.
    let stat = unsafe { stat.assume_init() };
    Ok(stat.f_type == libc::HUGETLBFS_MAGIC)
}

/// Maps a file: writable, or read-only if it is not open for writing (EACCES) or sealed against it
/// (EPERM).
pub(crate) fn map_file(file: &File) -> Result<(MmapRaw, usize, Option<ReadOnlyReason>), MapError> {
    let len = file.metadata().map_err(|error| SystemError::os("read the length of a file", &error))?.len();
    let len = check_len(len, "the file")?;
    let mut options = MmapOptions::new();
    options.len(len);
    match options.map_raw(file) {
        Ok(pages) => Ok((pages, len, None)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
            match options.map_raw_read_only(file) {
                Ok(pages) => Ok((pages, len, Some(ReadOnlyReason::File))),
                Err(error) => Err(SystemError::os("map a file that is not open for reading", &error).into()),
            }
        }
        Err(error) => Err(SystemError::os("map a file", &error).into()),
    }
}
