//! The pages of an arena in this process: making them ahead of time, and counting them.
//!
//! Only BPF programs can allocate and free them: see `pages`.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::thread;
use std::time::Duration;

use crate::arena::copy::copy_from;
use crate::arena::handle::Arena;
#[cfg(doc)]
use crate::error::PlaceError;
use crate::error::{KernelVersion, PagesError, SystemError};
use crate::sys::process::page_size;
use crate::sys::{answer, process};
use crate::value::ArenaPtr;

/// How many entries of /proc/self/pagemap are read at once. An entry of 8 bytes is for a page.
const ENTRIES: usize = 8192;
/// The bits of an entry whose page is in memory or in swap.
const PRESENT: u64 = 1 << 63 | 1 << 62;

/// How many times the kernel is asked for pages, and how long to wait in between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(1);

/// Makes pages, and tries again after a failure that may pass (`EFAULT`, `EAGAIN`).
fn retry(mut make: impl FnMut() -> Result<(), i32>) -> Result<(), i32> {
    for _ in 1..TRIES {
        match make() {
            Err(libc::EFAULT | libc::EAGAIN) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    make()
}

/// Makes the pages of a memfd.
fn make_in_file(memfd: BorrowedFd<'_>, bytes: &Range<usize>) -> Result<(), i32> {
    let offset = |at: usize| libc::off_t::try_from(at).map_err(|_| libc::EFBIG);
    // SAFETY: the call makes pages of zeros where there are none, and changes no others.
    answer(unsafe { libc::fallocate(memfd.as_raw_fd(), 0, offset(bytes.start)?, offset(bytes.len())?) }).map(drop)
}

/// Pages, numbered from 0, the first of the arena
impl Arena {
    /// Returns the bytes of a page.
    pub fn page_size(&self) -> u64 {
        page_size() as u64
    }

    /// Returns the number of pages of the arena, absent ones included.
    pub fn page_count(&self) -> u64 {
        self.len() / self.page_size()
    }

    /// Returns the pointer to the first byte of a page. Following it checks that it is in the
    /// arena.
    #[must_use]
    pub fn page<T: ?Sized>(&self, page: u64) -> ArenaPtr<T> {
        self.at(page.wrapping_mul(self.page_size()))
    }

    /// Makes pages and maps them into this process, so that no access to them waits for the kernel
    /// later. Their contents do not change.
    ///
    /// Otherwise the first access to a page makes it. That costs microseconds, and ends the process
    /// if it fails ([When there is no memory](crate::arena#when-there-is-no-memory)); here it is an
    /// error. Pages stay until a BPF program or [`Pages::free`](crate::Pages::free) frees them.
    ///
    /// The kernel may fail although there is memory (Linux 7.2 on arm64 did in 36 of 19,488 calls),
    /// so this tries ten times, a millisecond apart. Before Linux 5.14, which lacks
    /// `MADV_POPULATE_WRITE`, it makes the pages of a memfd by `fallocate`, and maps them by a
    /// system call for each.
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(8)?;
    /// arena.prefault(0..2)?;
    /// arena.get(arena.page::<u64>(1))?.store(1); // does not wait for the kernel
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`PagesError::OutOfRange`].
    /// - [`PlaceError::ArenaFaults`]: in an arena with `BPF_F_SEGV_ON_FAULT`, only BPF programs
    ///   make pages.
    /// - [`SystemError::Os`] if there is no memory: `ENOMEM`, or `EFAULT` (the memory cgroup of the
    ///   arena's creator is full, and its OOM killer finds nothing to end there). A process of that
    ///   cgroup may be ended instead, this one included.
    /// - [`SystemError::KernelTooOld`] before Linux 5.14, of a memfd whose descriptor is read-only.
    pub fn prefault(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let bytes = self.bytes_of(&pages)?;
        let mapping = &self.rest.mapping;
        self.refuse_faults()?;
        let advice = if self.is_read_only() { libc::MADV_POPULATE_READ } else { libc::MADV_POPULATE_WRITE };
        let first = mapping.base().as_ptr().wrapping_add(bytes.start);
        // SAFETY: the range is inside our mapping (`bytes_of`), and the advice does not change what
        // can be read there.
        let populate = || answer(unsafe { libc::madvise(first.cast(), bytes.len(), advice) }).map(drop);
        match (retry(populate), mapping.fd()) {
            (Err(libc::EINVAL), Some(memfd)) if make_in_file(memfd, &bytes).is_ok() => {
                self.map_by_copying(bytes);
                Ok(())
            }
            (Err(libc::EINVAL), _) => {
                let (needs, running) = (KernelVersion { major: 5, minor: 14 }, process::kernel_version());
                Err(SystemError::KernelTooOld { feature: "MADV_POPULATE_WRITE", needs, running }.into())
            }
            (made, _) => {
                made.map_err(|errno| SystemError::Os { operation: "make the pages of an arena", errno }.into())
            }
        }
    }

    /// Maps pages that are there, by letting the kernel read a byte of each. Where it may not, the
    /// first access maps the page.
    fn map_by_copying(&self, bytes: Range<usize>) {
        let base = self.rest.mapping.base().as_ptr();
        for offset in bytes.step_by(page_size()) {
            let _ = copy_from(base.wrapping_add(offset), &mut [0]);
        }
    }

    /// Counts the pages that this process has in its page tables: those that it touched and that
    /// nobody has freed since. Reads /proc/self/pagemap.
    ///
    /// Opening an arena makes none. Pages of a BPF program or another process count once this
    /// process has touched them.
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(8)?;
    /// assert_eq!(arena.resident_pages()?, 0);
    /// arena.get(arena.page::<u64>(5))?.store(1); // makes the page
    /// assert!(arena.resident_pages()? >= 1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SystemError::Os`] where /proc is not mounted.
    pub fn resident_pages(&self) -> Result<u64, PagesError> {
        let os = |error: io::Error| SystemError::os("read /proc/self/pagemap", &error);
        let pagemap = File::open("/proc/self/pagemap").map_err(os)?;
        let first = self.rest.mapping.base().addr().get() as u64 / self.page_size();
        let (mut entries, mut resident) = (vec![[0; 8]; ENTRIES], 0);
        for page in (0..self.page_count()).step_by(ENTRIES) {
            let left = usize::try_from(self.page_count() - page).unwrap_or(ENTRIES);
            let entries = &mut entries[..left.min(ENTRIES)];
            pagemap.read_exact_at(entries.as_flattened_mut(), (first + page) * 8).map_err(os)?;
            resident += entries.iter().filter(|entry| u64::from_ne_bytes(**entry) & PRESENT != 0).count() as u64;
        }
        Ok(resident)
    }

    /// Returns the bytes of these pages, if they are all inside the mapping.
    pub(crate) fn bytes_of(&self, pages: &Range<u64>) -> Result<Range<usize>, PagesError> {
        let (start, end, count) = (pages.start, pages.end, self.page_count());
        if start > end || end > count {
            return Err(PagesError::OutOfRange { start, end, pages: count });
        }
        let bytes = |page: u64| usize::try_from(page * self.page_size()).unwrap_or(usize::MAX);
        Ok(bytes(start)..bytes(end))
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn pages_that_could_not_be_made_are_asked_for_again_but_not_for_ever() {
        let tried = |answers: &[i32]| {
            let mut asked = 0;
            let made = retry(|| {
                asked += 1;
                answers.get(asked - 1).map_or(Ok(()), |errno| Err(*errno))
            });
            (made, asked)
        };
        assert_eq!(tried(&[]), (Ok(()), 1));
        assert_eq!(tried(&[libc::EFAULT, libc::EAGAIN]), (Ok(()), 3));
        assert_eq!(tried(&[libc::EFAULT; 100]), (Err(libc::EFAULT), 10));
        assert_eq!(tried(&[libc::EFAULT, libc::EINVAL]), (Err(libc::EINVAL), 2));
        assert_eq!(tried(&[libc::ENOMEM; 2]), (Err(libc::ENOMEM), 1));
    }

    #[test]
    fn without_the_advice_the_pages_of_a_memfd_are_made_with_what_they_hold() {
        use std::os::unix::fs::MetadataExt;

        let arena = Arena::memfd(8).unwrap();
        let memfd = arena.fd().unwrap();
        let file = File::from(memfd.try_clone_to_owned().unwrap());
        let made = || file.metadata().unwrap().blocks() * 512 / arena.page_size();
        arena.get(arena.page::<u64>(2)).unwrap().store(7);
        assert_eq!(made(), 1);
        make_in_file(memfd, &arena.bytes_of(&(2..5)).unwrap()).unwrap();
        assert_eq!((made(), arena.len()), (3, 8 * arena.page_size()));
        assert_eq!(arena.resident_pages().unwrap(), 1);
        arena.map_by_copying(arena.bytes_of(&(2..5)).unwrap());
        assert_eq!(arena.resident_pages().unwrap(), 3);
        assert_eq!(arena.get(arena.page::<u64>(2)).unwrap().load(), 7);
        let read_only = File::open(format!("/proc/self/fd/{}", memfd.as_raw_fd())).unwrap();
        assert_eq!(make_in_file(read_only.as_fd(), &arena.bytes_of(&(5..6)).unwrap()), Err(libc::EBADF));
    }
}
