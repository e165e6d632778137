//! Where the pages of a mapping come from, and how they are given back.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};
use std::sync::Mutex;

use memmap2::{MmapOptions, MmapRaw};

use crate::{Error, ReadOnlyReason};

/// The seals that make a memfd safe to map: it cannot be shortened, nor that seal be taken away.
const SHRINK: libc::c_int = libc::F_SEAL_SHRINK;

type Release = Box<dyn FnOnce() + Send>;

/// Pages that are given back when this is dropped.
pub(super) enum Pages {
    /// Mapped by us; memmap2 unmaps them. The memfd is kept so that it can be handed on.
    Mapped { pages: MmapRaw, memfd: Option<File> },
    /// Mapped by others, who gave us a way to release them. (The mutex is what makes a `Send` closure `Sync`; it is
    /// never locked, since dropping needs no lock.)
    Adopted { base: *mut u8, release: Mutex<Option<Release>> },
}

impl Pages {
    pub(super) fn adopted(base: *mut u8, release: impl FnOnce() + Send + 'static) -> Self {
        Self::Adopted { base, release: Mutex::new(Some(Box::new(release))) }
    }

    pub(super) fn base(&self) -> *mut u8 {
        match self {
            Self::Mapped { pages, .. } => pages.as_mut_ptr(),
            Self::Adopted { base, .. } => *base,
        }
    }

    pub(super) fn memfd(&self) -> Option<&File> {
        match self {
            Self::Mapped { memfd, .. } => memfd.as_ref(),
            Self::Adopted { .. } => None,
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Self::Adopted { release, .. } = self {
            let release = release.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(release) = release.take() {
                release();
            }
        }
    }
}

/// A length that can be mapped: not zero, and no more than a pointer can span.
pub(super) fn check_len(len: u64, what: &'static str) -> Result<usize, Error> {
    if len == 0 {
        return Err(Error::Empty { what });
    }
    let max = isize::MAX.unsigned_abs();
    match usize::try_from(len) {
        Ok(len) if len <= max => Ok(len),
        _ => Err(Error::TooLong { len, max: max as u64 }),
    }
}

/// Makes a memfd of `len` zero bytes, sealed so that it keeps that length.
pub(super) fn create_memfd(len: usize) -> Result<File, Error> {
    let len = check_len(len as u64, "the memfd")?;
    let os =
        |operation| move |error: io::Error| Error::Os { operation, errno: error.raw_os_error().unwrap_or(libc::EIO) };
    // SAFETY: the name is a C string; the call has no other memory effects.
    let fd = unsafe { libc::memfd_create(c"mapvalue".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
    if fd < 0 {
        return Err(os("create a memfd")(io::Error::last_os_error()));
    }
    // SAFETY: the descriptor was just made, and nobody else owns it.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len as u64).map_err(os("set the length of a memfd"))?;
    // SAFETY: `F_ADD_SEALS` takes an integer and touches no memory of ours.
    let sealed = unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL) };
    if sealed < 0 {
        return Err(os("seal a memfd")(io::Error::last_os_error()));
    }
    Ok(file)
}

/// A descriptor of our own for a memfd that can never be shortened.
pub(super) fn check_memfd(memfd: BorrowedFd<'_>) -> Result<File, Error> {
    // SAFETY: `F_GET_SEALS` takes no argument and touches no memory of ours.
    let seals = unsafe { libc::fcntl(memfd.as_raw_fd(), libc::F_GET_SEALS) };
    if seals < 0 {
        return Err(match io::Error::last_os_error().raw_os_error() {
            Some(libc::EBADF) => Error::BadDescriptor { fd: memfd.as_raw_fd() },
            _ => Error::NotSealed,
        });
    }
    if seals & SHRINK == 0 {
        return Err(Error::NotSealed);
    }
    let own = memfd.try_clone_to_owned().map_err(|error| Error::Os {
        operation: "duplicate a memfd",
        errno: error.raw_os_error().unwrap_or(libc::EIO),
    })?;
    Ok(File::from(own))
}

/// Maps a file: writable, or read-only if it is not open for writing (EACCES) or sealed against it (EPERM).
pub(super) fn map_file(file: &File) -> Result<(MmapRaw, usize, Option<ReadOnlyReason>), Error> {
    let os = |operation| {
        move |error: io::Error| Error::Os { operation, errno: error.raw_os_error().unwrap_or(libc::EINVAL) }
    };
    let len = file.metadata().map_err(os("read the length of a file"))?.len();
    let len = check_len(len, "the file")?;
    let mut options = MmapOptions::new();
    options.len(len);
    match options.map_raw(file) {
        Ok(pages) => Ok((pages, len, None)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM)) => {
            let pages = options.map_raw_read_only(file).map_err(os("map a file read-only"))?;
            Ok((pages, len, Some(ReadOnlyReason::File)))
        }
        Err(error) => Err(os("map a file")(error)),
    }
}
