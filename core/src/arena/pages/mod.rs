//! [`Pages`]: allocating, freeing and reserving pages of an arena.
//!
//! The kernel lets BPF programs do that, and nobody else. So there is a program for each operation, a dozen instructions that are put
//! together here: it takes its arguments from its context, calls one function of the kernel, and puts the result there. It is of type
//! `BPF_PROG_TYPE_SYSCALL`, which runs when it is called (`BPF_PROG_TEST_RUN`), is attached to nothing, and may sleep.

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

/// Pages of an arena that are allocated, freed and reserved from user space, by BPF programs that this crate loads.
///
/// It takes `CAP_BPF` and `CAP_PERFMON`, and a kernel with its own types (`CONFIG_DEBUG_INFO_BTF`), which take milliseconds to read the first time. Each call
/// is a system call of 10 microseconds or so: not for hot paths. Many arenas need it not at all, since a page is made when it is
/// first touched. But nothing else gives pages back, keeps programs from allocating what user space means to use, or makes
/// pages where the arena has `BPF_F_SEGV_ON_FAULT`.
///
/// Pages are numbered from 0, the first of the arena.
///
/// ```no_run
/// use mapvalue::{Arena, ArenaFlags};
///
/// let arena = Arena::create(1024, ArenaFlags::default())?;
/// let pages = arena.pages()?;
/// let ours = pages.alloc(4)?;
/// arena.get(arena.page::<u64>(ours.start))?.store(7);
/// pages.free(ours)?;
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
    /// ```no_run
    /// use mapvalue::{Arena, ArenaFlags};
    ///
    /// let arena = Arena::create(64, ArenaFlags::default())?;
    /// let pages = arena.pages()?; // once: it takes milliseconds the first time
    /// assert_eq!(pages.arena().start(), arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::NoMap`] of a memfd, [`SystemError::PermissionDenied`] without `CAP_BPF` and `CAP_PERFMON`, [`BtfError::NoVmlinux`],
    /// [`SystemError::NoKernelFunction`], [`SystemError::ProgramRefused`].
    pub fn pages(&self) -> Result<Pages, PagesError> {
        let map = self.map("allocate pages")?;
        let kernel = KernelSupport::find()?;
        let alloc = load(&calling_for_result(map, kernel.alloc()?), "allocate pages of an arena")?;
        let free = load(&calling(map, kernel.free()?), "free pages of an arena")?;
        Ok(Pages { arena: self.clone(), alloc, free, kernel })
    }
}

impl Pages {
    /// The arena.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Allocates `pages` zeroed pages side by side, wherever there are as many free.
    ///
    /// They belong to the caller: no BPF program gets them until they are freed.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let pages = arena.pages()?;
    /// let ours = pages.alloc(2)?; // numbers of pages
    /// assert_eq!(ours.end - ours.start, 2);
    /// arena.get(arena.page::<u64>(ours.start))?.store(7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PagesError::NoneFree`], also for 0; [`SystemError::Os`].
    pub fn alloc(&self, pages: u64) -> Result<Range<u64>, PagesError> {
        let none = PagesError::NoneFree { pages };
        let Ok(count) = u32::try_from(pages) else { return Err(none) };
        let address = run(&self.alloc, 0, count)?;
        if address == 0 {
            return Err(none);
        }
        let pointer = self.arena.full(ArenaPtr::<u8>::from_address(address));
        let first = (pointer.address() - self.arena.start()) / self.arena.page_size();
        Ok(first..first + pages)
    }

    /// Allocates these pages, zeroed.
    ///
    /// ```no_run
    /// # use mapvalue::{Error, PagesError};
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let pages = arena.pages()?;
    /// pages.alloc_at(0..4)?;
    /// assert!(matches!(pages.alloc_at(3..5), Err(PagesError::Taken { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PagesError::Taken`] if one of them is not free, [`PagesError::OutOfRange`], [`PagesError::NoneFree`] if there are none in the
    /// range, [`SystemError::Os`].
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

    /// Frees these pages, whoever made them: they go from all processes and from BPF programs. Those that are not there are passed over.
    ///
    /// A handle to a freed page shows zeros: the next access to it makes a new page. (In an arena with `BPF_F_SEGV_ON_FAULT`, where
    /// that were a SIGSEGV, there are no handles.)
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// let word = arena.var(arena.page::<u64>(3))?;
    /// word.store(7);
    /// arena.pages()?.free(3..4)?;
    /// assert_eq!(word.load(), 0); // another page, of zeros
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
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

    /// Keeps these pages from being allocated by BPF programs and [`alloc`](Self::alloc). User space can touch them all the same, which
    /// makes a region that is its own without further calls. Freeing them ends that.
    ///
    /// Loads a program each time.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// arena.pages()?.reserve(0..16)?; // user space's own from now on
    /// arena.get(arena.page::<u64>(0))?.store(1);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PagesError::Taken`] if one of them is allocated or reserved, [`PagesError::OutOfRange`], [`SystemError::NoKernelFunction`] before
    /// Linux 6.17, [`SystemError::Os`].
    pub fn reserve(&self, pages: Range<u64>) -> Result<(), PagesError> {
        let (address, count) = self.arguments(&pages)?;
        if count == 0 {
            return Ok(());
        }
        let map = self.arena.map("reserve pages")?;
        let program = load(&calling_for_result(map, self.kernel.reserve()?), "reserve pages of an arena")?;
        // The function returns an `int`: the high half of the register is anything.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let result = (run(&program, address, count)? as u32).cast_signed();
        match -result {
            0 => Ok(()),
            libc::EBUSY => Err(PagesError::Taken { start: pages.start, end: pages.end }),
            errno => Err(SystemError::Os { operation: "reserve pages of an arena", errno }.into()),
        }
    }

    /// The address at which the arena is mapped in all processes that have it mapped, as the kernel has it.
    ///
    /// ```no_run
    /// # let arena = mapvalue::Arena::create(64, mapvalue::ArenaFlags::default())?;
    /// assert_eq!(arena.pages()?.user_vm_start()?, arena.start());
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::AddressUnknown`], with the reason.
    pub fn user_vm_start(&self) -> Result<u64, ArenaError> {
        let map = self.arena.map("ask where it lies")?;
        let span = ask_span(map, self.arena.rest.mapping.map_name())?;
        Ok(span.map_or(0, Span::start))
    }

    /// Pages as the kernel's functions take them: the address of the first, and their number.
    fn arguments(&self, pages: &Range<u64>) -> Result<(u64, u32), PagesError> {
        self.arena.bytes_of(pages)?;
        // There are at most 2^20.
        let count = u32::try_from(pages.end - pages.start).unwrap_or(u32::MAX);
        Ok((self.arena.page::<u8>(pages.start).address(), count))
    }
}
