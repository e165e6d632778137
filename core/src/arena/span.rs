//! [`Span`]: where an arena lies, as a range of addresses that is good for one.

use std::ops::Range;

use crate::error::Error;
use crate::sys::process::page_size;

/// The most bytes that an arena can have: a pointer has 32 bits to tell the place.
pub(crate) const MAX_LEN: u64 = 1 << 32;

/// The addresses of an arena: whole pages, at most 4 GiB, without a multiple of 4 GiB after the first byte, and not from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u64,
    len: u64,
}

impl Span {
    pub(crate) fn new(start: u64, len: u64) -> Result<Self, Error> {
        let page = page_size() as u64;
        if len > MAX_LEN {
            return Err(Error::ArenaTooLong { len, max: MAX_LEN });
        }
        if len == 0 {
            return Err(Error::Empty { what: "the arena" });
        }
        if !len.is_multiple_of(page) {
            return Err(Error::ArenaLength { len, page });
        }
        if start == 0 || !start.is_multiple_of(page) {
            return Err(Error::MisalignedArena { start, page });
        }
        match start.checked_add(len - 1) {
            Some(last) if start >> 32 == last >> 32 => Ok(Self { start, len }),
            _ => Err(Error::ArenaCrosses { start, len }),
        }
    }

    pub(crate) fn start(self) -> u64 {
        self.start
    }

    pub(crate) fn len(self) -> u64 {
        self.len
    }

    /// The addresses. (The one after the last may be 2^64, which is 0.)
    pub(crate) fn overlaps(self, other: &Range<u64>) -> bool {
        other.start <= self.start + (self.len - 1) && self.start < other.end
    }
}

/// Bytes of as many pages, if an arena may have them.
pub(crate) fn len_of(pages: u64) -> Result<u64, Error> {
    match pages.saturating_mul(page_size() as u64) {
        0 => Err(Error::Empty { what: "the arena" }),
        len if len > MAX_LEN => Err(Error::ArenaTooLong { len, max: MAX_LEN }),
        len => Ok(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_of_whole_pages_between_two_multiples_of_four_gigabytes() {
        let page = page_size() as u64;
        let high = 1 << 44;
        for (start, len) in [(high, MAX_LEN), (high, page), (high - page, page), (high + 3 * page, MAX_LEN - 3 * page)]
        {
            assert_eq!(Span::new(start, len).unwrap(), Span { start, len });
        }
        assert!(matches!(Span::new(high, 0), Err(Error::Empty { .. })));
        assert!(matches!(Span::new(high, MAX_LEN + page), Err(Error::ArenaTooLong { .. })));
        assert!(matches!(Span::new(high, page + 8), Err(Error::ArenaLength { .. })));
        assert!(matches!(Span::new(high + 8, page), Err(Error::MisalignedArena { .. })));
        assert!(matches!(Span::new(0, page), Err(Error::MisalignedArena { .. })));
        assert!(matches!(Span::new(high + page, MAX_LEN), Err(Error::ArenaCrosses { .. })));
        assert!(matches!(Span::new(high - page, 2 * page), Err(Error::ArenaCrosses { .. })));
        assert!(matches!(Span::new(u64::MAX - page + 1, 2 * page), Err(Error::ArenaCrosses { .. })), "no wrap to 0");
    }
}
