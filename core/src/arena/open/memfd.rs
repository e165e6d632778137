//! Arenas without a kernel map: for tests, and for processes that share a descriptor.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::arena::flags::ArenaFlags;
use crate::arena::handle::Arena;
use crate::arena::open::range::AddressRange;
use crate::arena::span::{MAX_LEN, Span, len_of};
#[cfg(doc)]
use crate::error::MapError;
use crate::error::{ArenaError, MapName};
use crate::mapping::Mapping;

/// The address of the first byte in the arena's pointers, a multiple of 4 GiB. It is the same in
/// every process and for every memfd, so a copy of all bytes is the same arena. The memfd is mapped
/// there if nothing else is, since pointers are followed fastest then.
const START: u64 = 0x0fff_0000_0000;

/// Without a kernel map
impl Arena {
    /// Makes an arena of `pages` zeroed pages without a kernel map and without privileges: for
    /// tests, and for processes that share its descriptor ([`fd`](Self::fd),
    /// [`from_memfd`](Self::from_memfd)). It is a memfd (Linux 3.17).
    ///
    /// Each process maps it at free addresses. So its pointers are not addresses of this process:
    /// they count from [`start`](Self::start), which is the same number for all.
    ///
    /// # Errors
    ///
    /// [`MapError::Empty`] without pages, [`ArenaError::TooLong`] with more than 4 GiB of them, and
    /// those of [`Mapping::memfd`].
    pub fn memfd(pages: u64) -> Result<Self, ArenaError> {
        let len = len_of(pages)?;
        let len = usize::try_from(len).map_err(|_| ArenaError::TooLong { len, max: MAX_LEN })?;
        Self::of_memfd(Mapping::memfd(len)?)
    }

    /// Maps an arena that another process made with [`memfd`](Self::memfd). It is read-only if the
    /// descriptor is, or if the file is sealed against writing.
    ///
    /// ```
    /// use mapvalue::{Arena, ArenaPtr};
    ///
    /// let here = Arena::memfd(4)?;
    /// let there = Arena::from_memfd(here.fd().expect("a memfd"))?;
    /// let pointer = here.ptr_of(here.get(ArenaPtr::<u64>::from_address(here.start() + 8))?)?;
    /// here.get(pointer)?.store(7);
    /// assert_eq!(there.get(pointer)?.load(), 7);
    /// # Ok::<(), mapvalue::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArenaError::Length`] if it is not a whole number of pages, [`ArenaError::TooLong`] if it
    /// is longer than 4 GiB, and those of [`Mapping::from_memfd`].
    pub fn from_memfd(memfd: impl AsFd) -> Result<Self, ArenaError> {
        Self::of_memfd(Mapping::from_memfd(memfd)?)
    }

    fn of_memfd(mapping: Arc<Mapping>) -> Result<Self, ArenaError> {
        let span = Span::new(START, mapping.len() as u64)?;
        let mapping = at_start(&mapping, span).unwrap_or(mapping);
        Ok(Self::new(mapping, span.start(), None, ArenaFlags::default()))
    }
}

/// Maps the same memfd at the address that its pointers have, if that is free.
fn at_start(mapping: &Mapping, span: Span) -> Option<Arc<Mapping>> {
    let memfd = File::from(mapping.fd()?.try_clone_to_owned().ok()?);
    let access = if mapping.is_read_only() { libc::PROT_READ } else { libc::PROT_READ | libc::PROT_WRITE };
    let range = AddressRange::at_hint(span, memfd.as_fd(), access).ok()?;
    let (base, len, read_only) = (range.base(), mapping.len(), mapping.read_only_reason());
    Some(Mapping::of_arena(base, len, read_only, MapName::NONE, Some(memfd), move || drop(range)))
}
