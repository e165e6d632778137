//! Arenas without a kernel map: for tests, and for processes that share a descriptor.

use std::os::fd::AsFd;
use std::sync::Arc;

use super::Arena;
use crate::bpf::open::page_size;
use crate::{Error, Mapping};

/// The address of the first byte, as pointers have it: the same in every process, and a multiple of 4 GiB. Nothing needs to be mapped
/// there; processes do not agree on an address by luck.
const START: u64 = 0x1000_0000_0000;

/// The most that there can be, of a kernel arena too: a pointer has 32 bits to tell the place.
pub(super) const MAX_LEN: u64 = 1 << 32;

/// Bytes of as many pages, if an arena may have them.
pub(super) fn len_of(pages: u64) -> Result<u64, Error> {
    let len = pages.saturating_mul(page_size() as u64);
    match len {
        0 => Err(Error::Empty { what: "the arena" }),
        len if len > MAX_LEN => Err(Error::ArenaTooLong { len, max: MAX_LEN }),
        len => Ok(len),
    }
}

/// Without a kernel map.
impl Arena {
    /// Makes an arena of `pages` zeroed pages without a kernel map and without any privilege: for tests, and for processes that share
    /// its descriptor ([`fd`](Self::fd), [`from_memfd`](Self::from_memfd)).
    ///
    /// Each process maps it wherever there is room, and pointers in it are not addresses of this process: they count from
    /// [`start`](Self::start), which is the same number in all of them.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without pages, [`Error::ArenaTooLong`] with more than 4 GiB of them, and those of [`Mapping::memfd`].
    pub fn memfd(pages: u64) -> Result<Self, Error> {
        let len = len_of(pages)?;
        let len = usize::try_from(len).map_err(|_| Error::ArenaTooLong { len, max: MAX_LEN })?;
        Self::of_memfd(Mapping::memfd(len)?)
    }

    /// Maps an arena that another process made with [`memfd`](Self::memfd). Read-only if the descriptor is, or the file is sealed
    /// against writing.
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
    /// [`Error::ArenaLength`] if it is no whole number of pages long, [`Error::ArenaTooLong`] if it is longer than 4 GiB, and those of
    /// [`Mapping::from_memfd`].
    pub fn from_memfd(memfd: impl AsFd) -> Result<Self, Error> {
        Self::of_memfd(Mapping::from_memfd(memfd)?)
    }

    fn of_memfd(mapping: Arc<Mapping>) -> Result<Self, Error> {
        let (len, page) = (mapping.len() as u64, page_size() as u64);
        if !len.is_multiple_of(page) {
            return Err(Error::ArenaLength { len, page });
        }
        len_of(len / page)?;
        Ok(Self::new(mapping, START, false))
    }
}
