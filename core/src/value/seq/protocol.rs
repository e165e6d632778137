//! The steps of a sequence lock, over any atomic number: this crate's cells, or those of
//! a model checker, which compiles this very file (so it uses nothing else of the crate).
//!
//! The number is even while the value is whole and odd while it is written; each write adds 2. It
//! is Boehm's lock ("Can seqlocks get along with programming language memory models?", MSPC 2012),
//! with fences, since the value's own accesses are relaxed, and with a compare-and-exchange at both
//! ends. That allows many writers, and tells a dead writer from one that goes on.
//!
//! The orders, by the names that the comments below use:
//!
//! - **whole**: `end` (release) pairs with the first load of the number in `read` (acquire). A
//!   reader that sees the even number sees all that the writer stored before it.
//! - **torn**: the fence of `begin` (release) pairs with the second fence of `read` (acquire). If a
//!   load between a reader's two loads of the number saw a writer's store, the second one sees that
//!   writer's odd number or a later one, which differs from the first.
//! - **turns**: `end` (release) pairs with `begin` of the next writer (acquire), whose stores
//!   therefore come later in each leaf.

/// The number as a reader needs it, with the fences.
pub(crate) trait ReadSequence {
    /// Loads relaxed.
    fn load(&self) -> u64;
    fn fence_acquire();
    fn fence_release();
    /// Lets other threads go on.
    fn pause();
}

/// The number as a writer needs it.
pub(crate) trait WriteSequence: ReadSequence {
    /// Acquires on success; relaxed on failure.
    fn exchange_acquire(&self, current: u64, new: u64) -> Result<u64, u64>;
    /// Releases on success; relaxed on failure.
    fn exchange_release(&self, current: u64, new: u64) -> Result<u64, u64>;
}

const fn is_written(number: u64) -> bool {
    number % 2 == 1
}

/// Reads the value with `load`; after `tries` failures, fails with the number last seen.
#[inline]
pub(crate) fn read<S: ReadSequence, T>(sequence: &S, tries: u32, mut load: impl FnMut() -> T) -> Result<T, u64> {
    let mut now = 0;
    for _ in 0..tries {
        now = sequence.load();
        // "whole": with the load before it, this fence acquires. (Not an acquire load: on read-only
        // memory only relaxed loads are guaranteed not to write.)
        S::fence_acquire();
        if !is_written(now) {
            let value = load();
            // "torn".
            S::fence_acquire();
            if sequence.load() == now {
                return Ok(value);
            }
        }
        S::pause();
    }
    Err(now)
}

/// Takes the turn to write; returns the odd number to end it with. After `tries`
/// failures, fails with the number last seen.
#[inline]
pub(crate) fn begin<S: WriteSequence>(sequence: &S, tries: u32) -> Result<u64, u64> {
    let mut now = 0;
    for _ in 0..tries {
        now = sequence.load();
        let odd = now.wrapping_add(1);
        // "turns".
        if !is_written(now) && sequence.exchange_acquire(now, odd).is_ok() {
            // "torn".
            S::fence_release();
            return Ok(odd);
        }
        S::pause();
    }
    Err(now)
}

/// Takes the turn over from a dead writer that began with `odd`: returns the new odd
/// number, or `None` if the number has changed.
pub(crate) fn take_over<S: WriteSequence>(sequence: &S, odd: u64) -> Option<u64> {
    let mine = odd.wrapping_add(2);
    let taken = is_written(odd) && sequence.exchange_acquire(odd, mine).is_ok();
    // "torn".
    S::fence_release();
    taken.then_some(mine)
}

/// Ends the turn that began with `odd`; fails with the number found if it was taken over.
#[inline]
pub(crate) fn end<S: WriteSequence>(sequence: &S, odd: u64) -> Result<(), u64> {
    // "whole", "turns".
    sequence.exchange_release(odd, odd.wrapping_add(1)).map(drop)
}
