//! What a sequence lock does, step by step, over any atomic number: the cells of this crate, or those of a model checker, which
//! compiles this very file (so it uses nothing else of the crate).
//!
//! The number is even while the value is whole and odd while somebody writes it; each write adds 2. That is Boehm's lock ("Can
//! seqlocks get along with programming language memory models?", MSPC 2012), with fences, since the value's own accesses are
//! relaxed, and with a compare-and-exchange at both ends, so that there may be many writers, and one that died can be told
//! from one that goes on.
//!
//! The orders, by the names that the comments below use:
//!
//! - **whole**: `end` (release) pairs with the first look of `read` (acquire). A reader that sees the even number sees all that
//!   the writer stored before it.
//! - **torn**: the fence of `begin` (release) pairs with the second fence of `read` (acquire). If any load between the
//!   two looks of a reader saw something that a writer stored, then the second look sees that writer's odd number or a later one,
//!   which is not the first.
//! - **turns**: `end` (release) pairs with `begin` of the next writer (acquire), whose stores so come later in each leaf.

/// The number as a reader needs it, and the fences that go with it.
pub(crate) trait Look {
    /// A relaxed load.
    fn load(&self) -> u64;
    fn fence_acquire();
    fn fence_release();
    /// Lets the other side go on.
    fn pause();
}

/// The number as a writer needs it.
pub(crate) trait Turn: Look {
    /// Acquires when it succeeds, relaxed when it fails.
    fn exchange_acquire(&self, current: u64, new: u64) -> Result<u64, u64>;
    /// Releases when it succeeds, relaxed when it fails.
    fn exchange_release(&self, current: u64, new: u64) -> Result<u64, u64>;
}

const fn is_written(number: u64) -> bool {
    number % 2 == 1
}

/// A value that was whole between two looks, by `load`; or the number last seen, after `tries` times.
#[inline]
pub(crate) fn read<S: Look, T>(sequence: &S, tries: u32, mut load: impl FnMut() -> T) -> Result<T, u64> {
    let mut now = 0;
    for _ in 0..tries {
        now = sequence.load();
        // With the load before it, an acquire: "whole". (A fence, since on read-only memory only relaxed loads are
        // guaranteed not to write.)
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

/// Takes the turn to write: the odd number to end it with; or the number last seen, after `tries` times.
#[inline]
pub(crate) fn begin<S: Turn>(sequence: &S, tries: u32) -> Result<u64, u64> {
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

/// Takes the turn over from a writer that began with `odd` and died, if the number is still that: the new odd number.
pub(crate) fn take_over<S: Turn>(sequence: &S, odd: u64) -> Option<u64> {
    let mine = odd.wrapping_add(2);
    let taken = is_written(odd) && sequence.exchange_acquire(odd, mine).is_ok();
    // "torn".
    S::fence_release();
    taken.then_some(mine)
}

/// Ends the turn that began with `odd`; the number found, if somebody has taken it over.
#[inline]
pub(crate) fn end<S: Turn>(sequence: &S, odd: u64) -> Result<(), u64> {
    // "whole", "turns".
    sequence.exchange_release(odd, odd.wrapping_add(1)).map(drop)
}
