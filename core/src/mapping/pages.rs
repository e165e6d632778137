//! Where the pages of a mapping come from, and how they are released.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd};

use memmap2::{MmapOptions, MmapRaw};

use crate::error::{MapError, ReadOnlyReason, SystemError};

/// The seal that makes a memfd safe to map: it cannot be shortened, and seals are final.
const SHRINK: libc::c_int = libc::F_SEAL_SHRINK;

/// The owner of pages, which releases them when it is dropped.
pub(crate) struct Pages(Option<Box<dyn FnOnce() + Send>>);

impl Pages {
    pub(crate) fn new(release: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(release)))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(|release| release());
    }
}

/// Checks that a length can be mapped: not zero, and at most what a pointer can span.
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

/// Makes a memfd of `len` zero bytes, sealed to keep that length.
pub(crate) fn create_memfd(len: usize) -> Result<File, MapError> {
    let len = check_len(len as u64, "the memfd")?;
    // SAFETY: the name is a C string, and the call touches no other memory.
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
    // First, so that what is checked is mapped, whatever the caller's number stands for later.
    let own = memfd.try_clone_to_owned().map_err(|error| match error.raw_os_error() {
        Some(libc::EBADF) => SystemError::BadDescriptor { fd: memfd.as_raw_fd() },
        _ => SystemError::os("duplicate a memfd", &error),
    })?;
    // SAFETY: `F_GET_SEALS` takes no argument and touches no memory of ours.
    let seals = unsafe { libc::fcntl(own.as_raw_fd(), libc::F_GET_SEALS) };
    // The call fails for other files, and for descriptors opened with O_PATH.
    if seals < 0 || seals & SHRINK == 0 || is_hugetlb(own.as_fd())? {
        return Err(MapError::NotSealed);
    }
    Ok(File::from(own))
}

/// Returns whether the file is made of huge pages. Its owner can punch a hole in spite of the seal,
/// and touching the hole is a SIGBUS if no huge page is left.
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

/// Maps a file: read-only if it is not open for writing (EACCES) or is sealed (EPERM).
pub(crate) fn map_file(file: &File) -> Result<(MmapRaw, usize, Option<ReadOnlyReason>), MapError> {
    let len = file.metadata().map_err(|error| SystemError::os("read the length of a file", &error))?.len();
    let len = check_len(len, "the file")?;
    let mut options = MmapOptions::new();
    options.len(len);
    match options.map_raw(file) {
        Ok(pages) => Ok((pages, len, None)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
            let pages = options.map_raw_read_only(file);
            let pages = pages.map_err(|error| SystemError::os("map a file that is not open for reading", &error))?;
            Ok((pages, len, Some(ReadOnlyReason::File)))
        }
        Err(error) => Err(SystemError::os("map a file", &error).into()),
    }
}
