//! The pages of an arena as this process has them: touching them ahead of time, and counting them.
//!
//! Allocating and freeing them is for BPF programs (`pages`).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::error::{KernelVersion, PagesError, PlaceError, SystemError};
use crate::sys::process;
use crate::sys::process::page_size;
use crate::value::ArenaPtr;

/// Bytes that /proc/self/pagemap has for a page.
const ENTRY: u64 = 8;
/// How many of its entries are read at once.
const ENTRIES: u64 = 8192;
/// Of an entry: the page is in memory, or in swap.
const PRESENT: u64 = 1 << 63 | 1 << 62;

/// Pages. They are numbered from 0, the first of the arena.
impl Arena {
    /// Bytes of a page.
    pub fn page_size(&self) -> u64 {
        page_size() as u64
    }

    /// How many pages there are room for.
    pub fn page_count(&self) -> u64 {
        self.len() / self.page_size()
    }

    /// The pointer to the first byte of a page. Whether that is in the arena shows when it is followed.
    ///
    /// ```
    /// let arena = mapvalue::Arena::memfd(4)?;
    /// let third = arena.page::<u64>(2);
    /// assert_eq!(third, arena.at(2 * arena.page_size()));
    /// assert!(arena.get(third).is_ok());
    /// assert!(arena.get(arena.page::<u64>(arena.page_count())).is_err());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    #[must_use]
    pub fn page<T: ?Sized>(&self, page: u64) -> ArenaPtr<T> {
        self.at(page.wrapping_mul(self.page_size()))
    }

    /// Makes pages, and maps them into this process, so that no access to them waits for the kernel later (`MADV_POPULATE_WRITE`, Linux
    /// 5.14). What they hold does not change.
    ///
    /// Without it, the first access to a page costs microseconds, and ends the process if there is no memory for the page
    /// ([When there is no memory](crate::arena#when-there-is-no-memory)). Here that is an error. Pages that were made stay until
    /// a BPF program or [`Pages::free`](crate::Pages::free) frees them. (Of a memfd, in a memory cgroup that is full, this too meets the OOM killer.)
    ///
    /// ```
    /// use mapvalue::{Arena, Error, PagesError, SystemError};
    ///
    /// let arena = Arena::memfd(8)?;
    /// match arena.prefault(0..2) {
    ///     Ok(()) => arena.get(arena.page::<u64>(1))?.store(1), // does not wait for the kernel
    ///     Err(PagesError::System(SystemError::KernelTooOld { .. })) => {} // before Linux 5.14
    ///     Err(error) => return Err(error.into()),
    /// }
    /// assert!(matches!(arena.prefault(6..9), Err(PagesError::OutOfRange { pages: 8, .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PagesError::OutOfRange`]; [`PlaceError::ArenaFaults`]: of an arena with `BPF_F_SEGV_ON_FAULT` BPF programs alone make pages; [`SystemError::KernelTooOld`];
    /// [`SystemError::Os`] if there is no memory (`ENOMEM`, or `EFAULT` if the memory cgroup of the arena's creator is full).
    pub fn prefault(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let bytes = self.bytes_of(&pages)?;
        let mapping = &self.rest.mapping;
        if self.flags().contains(ArenaFlags::SEGV_ON_FAULT) {
            return Err(PlaceError::ArenaFaults { map: mapping.map_name() }.into());
        }
        let advice = if self.is_read_only() { libc::MADV_POPULATE_READ } else { libc::MADV_POPULATE_WRITE };
        // SAFETY: `bytes_of` has checked that the range is inside the mapping.
        let first = unsafe { mapping.base().add(bytes.start) };
        // SAFETY: the range is inside our mapping, and the advice changes nothing that can be read there.
        if unsafe { libc::madvise(first.as_ptr().cast(), bytes.len(), advice) } == 0 {
            return Ok(());
        }
        Err(match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EINVAL) => SystemError::KernelTooOld {
                feature: "MADV_POPULATE_WRITE",
                needs: KernelVersion { major: 5, minor: 14 },
                running: process::kernel_version(),
            }
            .into(),
            error => SystemError::os("make the pages of an arena", &error).into(),
        })
    }

    /// How many pages this process has in its page tables: those that it touched, and that nobody freed since. Reads /proc/self/pagemap.
    ///
    /// Opening an arena makes none. Pages that a BPF program or another process made are not counted before they are touched here.
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
        let mut resident = 0;
        let mut entries = vec![0; usize::try_from(ENTRIES * ENTRY).unwrap_or(0)];
        let mut page = 0;
        while page < self.page_count() {
            let now = ENTRIES.min(self.page_count() - page);
            let entries = &mut entries[..usize::try_from(now * ENTRY).unwrap_or(0)];
            pagemap.read_exact_at(entries, (first + page) * ENTRY).map_err(os)?;
            let present =
                |entry: &&[u8]| (**entry).try_into().is_ok_and(|entry| u64::from_ne_bytes(entry) & PRESENT != 0);
            resident += entries.chunks_exact(8).filter(present).count() as u64;
            page += now;
        }
        Ok(resident)
    }

    /// Pages as bytes of the mapping, all inside of it.
    pub(crate) fn bytes_of(&self, pages: &Range<u64>) -> Result<Range<usize>, PagesError> {
        let (start, end, count) = (pages.start, pages.end, self.page_count());
        if start > end || end > count {
            return Err(PagesError::OutOfRange { start, end, pages: count });
        }
        let bytes = |page: u64| usize::try_from(page * self.page_size()).unwrap_or(usize::MAX);
        Ok(bytes(start)..bytes(end))
    }
}
