//! [`Reading`]: a ring as its reader has it, and how far it has come.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crate::error::{MapName, RingError};
use crate::ring::protocol::{At, BUSY, Bad, Consuming, Found, Walk};
use crate::ring::twin::Twin;
use crate::ring::words::ReaderWords;

/// A ring as its reader has it, and how far it has come.
pub(crate) struct Reading {
    pub(crate) walk: Walk,
    pub(crate) words: ReaderWords,
    pub(crate) capacity: u64,
    pub(crate) name: MapName,
    /// What has the bells of a ring on a memfd.
    pub(crate) twin: Option<Arc<Twin>>,
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
    pub(crate) fn next(&self, at: &mut At) -> Result<Option<Found>, RingError> {
        self.check_process()?;
        self.walk.next(&self.words, at).map_err(|bad| self.damaged(bad))
    }

    /// Calls `each` with the committed records.
    #[inline]
    pub(crate) fn each(&self, each: impl FnMut(Found)) -> Result<usize, RingError> {
        let count = self.walk.each(&self.words, each).map_err(|bad| self.damaged(bad))?;
        // If `each` has forked, and this is the child: it has released nothing and gone no further.
        self.check_process().map(|()| count)
    }

    #[inline]
    fn check_process(&self) -> Result<(), RingError> {
        if self.words.owner.is_here() { Ok(()) } else { Err(RingError::Forked { map: self.name }) }
    }

    /// Returns whether there is a committed record. Before each discarded one that it skips, it
    /// asks whether it goes on.
    pub(crate) fn is_ready(&self, goes_on: impl FnMut() -> bool) -> Result<bool, RingError> {
        Ok(self.walk.find_while(&self.words, goes_on).map_err(|bad| self.damaged(bad))?.is_some())
    }

    /// Puts a record back that was given out.
    #[inline]
    pub(crate) fn done(&self) {
        if self.walk.done(&self.words) {
            self.end();
        }
    }

    /// Ends a walk: releases what was read, and looks whether there is more. The next commit then
    /// wakes this process, whatever it waits with. The last record that outlives its walk does so
    /// again.
    pub(crate) fn end(&self) {
        let Self { walk, words, twin, .. } = self;
        // A forked child leaves the ring alone.
        if !words.owner.is_here() {
            return;
        }
        walk.end::<ReaderWords>();
        if let Some(twin) = twin {
            // As the kernel's ring, it is readable while there is something to read.
            twin.data.silence();
            // A record that is committed from here on rings the bell again, or is seen below.
            fence(Ordering::SeqCst);
            let read = walk.read();
            if words.producer() != read && words.header(read) & BUSY == 0 {
                twin.data.ring();
            }
            twin.room.ring();
        }
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
