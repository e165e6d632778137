//! [`Span`]: the range of addresses of an arena.

use std::ops::Range;

use crate::error::{ArenaError, MapError};
use crate::sys::process::page_size;

/// The most bytes of an arena: a pointer has 32 bits for the place.
pub(crate) const MAX_LEN: u64 = 1 << 32;

/// The addresses of an arena: whole pages, not from 0, up to the next multiple of 4 GiB at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u64,
    len: u64,
}

impl Span {
    pub(crate) fn new(start: u64, len: u64) -> Result<Self, ArenaError> {
        let page = page_size() as u64;
        if !check_len(len)?.is_multiple_of(page) {
            return Err(ArenaError::Length { len, page });
        }
        if start == 0 || !start.is_multiple_of(page) {
            return Err(ArenaError::Misaligned { start, page });
        }
        match start.checked_add(len - 1) {
            Some(last) if start >> 32 == last >> 32 => Ok(Self { start, len }),
            _ => Err(ArenaError::Crosses { start, len }),
        }
    }

    pub(crate) fn start(self) -> u64 {
        self.start
    }

    pub(crate) fn len(self) -> u64 {
        self.len
    }

    /// Returns whether the two ranges overlap. (The address after the span may be 2^64.)
    pub(crate) fn overlaps(self, other: &Range<u64>) -> bool {
        other.start <= self.start + (self.len - 1) && self.start < other.end
    }
}

fn check_len(len: u64) -> Result<u64, ArenaError> {
    match len {
        0 => Err(MapError::Empty { what: "the arena" }.into()),
        len if len > MAX_LEN => Err(ArenaError::TooLong { len, max: MAX_LEN }),
        len => Ok(len),
    }
}

/// Returns the number of bytes in these pages, if an arena may have as many.
pub(crate) fn len_of(pages: u64) -> Result<u64, ArenaError> {
    check_len(pages.saturating_mul(page_size() as u64))
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
        assert!(matches!(Span::new(high, 0), Err(ArenaError::Map(MapError::Empty { .. }))));
        assert!(matches!(Span::new(high, MAX_LEN + page), Err(ArenaError::TooLong { .. })));
        assert!(matches!(Span::new(high, page + 8), Err(ArenaError::Length { .. })));
        assert!(matches!(Span::new(high + 8, page), Err(ArenaError::Misaligned { .. })));
        assert!(matches!(Span::new(0, page), Err(ArenaError::Misaligned { .. })));
        assert!(matches!(Span::new(high + page, MAX_LEN), Err(ArenaError::Crosses { .. })));
        assert!(matches!(Span::new(high - page, 2 * page), Err(ArenaError::Crosses { .. })));
        assert!(matches!(Span::new(u64::MAX - page + 1, 2 * page), Err(ArenaError::Crosses { .. })), "no wrap to 0");
    }
}
