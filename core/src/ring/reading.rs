//! [`Reading`]: a ring as its reader has it, and how far it has come.

use crate::error::{MapName, RingError};
use crate::ring::protocol::{Bad, Found, Walk};
use crate::ring::words::ReaderWords;

/// A ring as its reader has it, and how far it has come.
pub(crate) struct Reading {
    pub(crate) walk: Walk,
    pub(crate) words: ReaderWords,
    pub(crate) capacity: u64,
    pub(crate) name: MapName,
}

impl Reading {
    /// Begins a walk; fails in a forked child, and if another process has moved the reader's
    /// position.
    #[inline]
    pub(crate) fn begin(&self) -> Result<(), RingError> {
        self.check_process()?;
        let moved = |(expected, found)| RingError::OtherProcess { map: self.name, whose: "reader's", expected, found };
        self.walk.begin(&self.words).map_err(moved)
    }

    /// Gives the next committed record out.
    #[inline]
    pub(crate) fn next(&self) -> Result<Option<Found>, RingError> {
        self.check_process()?;
        self.walk.next(&self.words).map_err(|bad| self.damaged(bad))
    }

    /// Calls `each` with the committed records.
    #[inline]
    pub(crate) fn each(&self, each: impl FnMut(Found)) -> Result<usize, RingError> {
        let count = self.walk.each(&self.words, each).map_err(|bad| self.damaged(bad))?;
        // If `each` has forked, and this is the child: it has released nothing.
        self.check_process().map(|()| count)
    }

    #[inline]
    fn check_process(&self) -> Result<(), RingError> {
        if self.words.owner.is_here() { Ok(()) } else { Err(RingError::Forked { map: self.name }) }
    }

    /// Returns whether there is a committed record.
    pub(crate) fn is_ready(&self) -> Result<bool, RingError> {
        Ok(self.walk.find(&self.words).map_err(|bad| self.damaged(bad))?.is_some())
    }

    /// Puts a record back that was given out.
    #[inline]
    pub(crate) fn done(&self) {
        self.walk.done(&self.words);
    }

    #[cold]
    fn damaged(&self, bad: Bad) -> RingError {
        damaged(bad, self.name, self.capacity)
    }
}

/// Says what is wrong with a ring.
#[cold]
pub(crate) fn damaged(bad: Bad, map: MapName, capacity: u64) -> RingError {
    match bad {
        Bad::Positions { consumer, producer } => RingError::Positions { map, consumer, producer, capacity },
        Bad::Length { position, len, available } => RingError::Length { map, position, len, available },
    }
}
