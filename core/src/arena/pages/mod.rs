//! [`Pages`]: allocating, freeing and reserving pages of an arena.
//!
//! The kernel lets only BPF programs do that. So there is a program for each operation, of a dozen
//! instructions (`program`). It takes its arguments from its context, calls one function of the
//! kernel, and stores the result in its context. Its type is `BPF_PROG_TYPE_SYSCALL`: it runs when
//! it is called (`BPF_PROG_TEST_RUN`), is attached to nothing, and may sleep.

pub(crate) mod kernel;
pub(crate) mod program;
pub(crate) mod resident;

use std::ops::Range;
use std::os::fd::OwnedFd;

use crate::arena::handle::Arena;
use crate::arena::pages::kernel::{KernelSupport, ask_span};
use crate::arena::pages::program::{calling, calling_for_result, load, run};
use crate::arena::span::Span;
#[cfg(doc)]
use crate::error::BtfError;
use crate::error::{ArenaError, PagesError, SystemError};
use crate::value::ArenaPtr;

/// Allocates, frees and reserves pages of an arena, by BPF programs that this crate loads.
///
/// It needs `CAP_BPF`, `CAP_PERFMON` and the kernel's own types (`CONFIG_DEBUG_INFO_BTF`), which
/// take milliseconds to read the first time. Each call is a system call of about 10 microseconds:
/// not for hot paths. Many arenas do not need it, since the first access makes a page. But nothing
/// else gives pages back, keeps programs from allocating the pages that user space means to use, or
/// makes pages in an arena with `BPF_F_SEGV_ON_FAULT`.
///
/// Pages are numbered from 0, the first of the arena.
///
/// ```no_run
/// use mapvalue::{Arena, ArenaFlags, PagesError};
///
/// let arena = Arena::create(1024, ArenaFlags::default())?;
/// let pages = arena.pages()?;
/// let ours = pages.alloc(4)?;
/// let word = arena.var(arena.page::<u64>(ours.start))?;
/// word.store(7);
/// pages.free(ours)?;
/// assert_eq!(word.load(), 0); // another page, of zeros
///
/// pages.alloc_at(100..104)?;
/// assert!(matches!(pages.alloc_at(103..105), Err(PagesError::Taken { .. })));
/// pages.reserve(0..16)?; // user space's own from now on
/// arena.get(arena.page::<u64>(0))?.store(1);
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[derive(Debug)]
pub struct Pages {
    arena: Arena,
    alloc: OwnedFd,
    free: OwnedFd,
    kernel: &'static KernelSupport,
}

impl Arena {
    /// Loads the programs that allocate and free pages (Linux 6.9).
    ///
    /// Load them once: it takes milliseconds the first time.
    ///
    /// # Errors
    ///
    /// [`ArenaError::NoMap`] for a memfd, [`SystemError::PermissionDenied`] without `CAP_BPF` and
    /// `CAP_PERFMON`, [`BtfError::NoVmlinux`], [`SystemError::NoKernelFunction`],
    /// [`SystemError::ProgramRefused`].
    pub fn pages(&self) -> Result<Pages, PagesError> {
        let map = self.map("allocate pages")?;
        let kernel = KernelSupport::find()?;
        let alloc = load(&calling_for_result(map, kernel.alloc.id()?), "allocate pages of an arena")?;
        let free = load(&calling(map, kernel.free.id()?), "free pages of an arena")?;
        Ok(Pages { arena: self.clone(), alloc, free, kernel })
    }
}

impl Pages {
    /// Returns the arena.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Allocates `pages` zeroed pages side by side, wherever as many are free.
    ///
    /// They belong to the caller: no BPF program gets them until they are freed.
    ///
    /// # Errors
    ///
    /// [`PagesError::NoneFree`], also for 0; [`SystemError::Os`].
    pub fn alloc(&self, pages: u64) -> Result<Range<u64>, PagesError> {
        let none = PagesError::NoneFree { pages };
        let Ok(count) = u32::try_from(pages) else { return Err(none) };
        let pointer = self.arena.full(ArenaPtr::<u8>::from_address(run(&self.alloc, 0, count)?));
        if pointer.is_null() {
            return Err(none);
        }
        let first = (pointer.address() - self.arena.start()) / self.arena.page_size();
        Ok(first..first + pages)
    }

    /// Allocates these pages, zeroed.
    ///
    /// # Errors
    ///
    /// [`PagesError::Taken`] if one of them is not free, [`PagesError::OutOfRange`],
    /// [`PagesError::NoneFree`] if the range is empty, [`SystemError::Os`].
    pub fn alloc_at(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let (address, count) = self.arguments(&pages)?;
        if count == 0 {
            return Err(PagesError::NoneFree { pages: 0 });
        }
        match run(&self.alloc, address, count)? {
            0 => Err(PagesError::Taken { start: pages.start, end: pages.end }),
            _ => Ok(()),
        }
    }

    /// Frees these pages, whoever made them: all processes and BPF programs lose them. Absent pages
    /// are skipped.
    ///
    /// A handle to a freed page shows zeros, since the next access makes a new page. (In an arena
    /// with `BPF_F_SEGV_ON_FAULT` it would be a SIGSEGV, so there are no handles.)
    ///
    /// # Errors
    ///
    /// [`PagesError::OutOfRange`], [`SystemError::Os`].
    pub fn free(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let (address, count) = self.arguments(&pages)?;
        if count > 0 {
            run(&self.free, address, count)?;
        }
        Ok(())
    }

    /// Keeps BPF programs and [`alloc`](Self::alloc) from allocating these pages, until they are
    /// freed. User space can still touch them, so the region is its own without further calls.
    ///
    /// Each call loads a program.
    ///
    /// # Errors
    ///
    /// [`PagesError::Taken`] if one of them is allocated or reserved, [`PagesError::OutOfRange`],
    /// [`SystemError::NoKernelFunction`] before Linux 6.17, [`SystemError::Os`].
    pub fn reserve(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let (address, count) = self.arguments(&pages)?;
        if count == 0 {
            return Ok(());
        }
        let map = self.arena.map("reserve pages")?;
        let program = load(&calling_for_result(map, self.kernel.reserve.id()?), "reserve pages of an arena")?;
        // The function returns an `int`: the high half of the register is unspecified.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let result = (run(&program, address, count)? as u32).cast_signed();
        match result.wrapping_neg() {
            0 => Ok(()),
            libc::EBUSY => Err(PagesError::Taken { start: pages.start, end: pages.end }),
            errno => Err(SystemError::Os { operation: "reserve pages of an arena", errno }.into()),
        }
    }

    /// Asks the kernel for the address at which all processes have the arena mapped: the arena's
    /// [`start`](Arena::start).
    ///
    /// # Errors
    ///
    /// [`ArenaError::AddressUnknown`], with the reason.
    pub fn user_vm_start(&self) -> Result<u64, ArenaError> {
        let span = ask_span(self.arena.map("ask where it lies")?, self.arena.rest.mapping.map_name())?;
        Ok(span.map_or(0, Span::start))
    }

    /// Returns pages as the kernel's functions take them: the address of the first, and their
    /// number.
    fn arguments(&self, pages: &Range<u64>) -> Result<(u64, u32), PagesError> {
        self.arena.bytes_of(pages)?;
        // There are at most 2^20.
        let count = u32::try_from(pages.end - pages.start).unwrap_or(u32::MAX);
        Ok((self.arena.page::<u8>(pages.start).address(), count))
    }
}
