//! How a thread enters the shared lists of an allocator, and how whoever drains it knows that no
//! thread is inside.
//!
//! Each thread that enters has a word in the arena, its gate. The model checker compiles this very
//! file, so it uses nothing of the crate but [`Word`].
//!
//! The thread first sets its gate and then looks whether the allocator is in its place. Whoever
//! drains the allocator first says so and then looks at the gates. Both have a full fence between
//! the two, so one of them sees the other: a thread that goes on is waited for.
//!
//! A gate is set by an exchange from a number that no other memory holds: the thread's own number,
//! or one that the allocator chose at random. So if the place has become another's meanwhile, the
//! exchange fails, and nothing is written.

use super::control::Word;

/// The bit of a gate that is set while its thread is inside.
pub(crate) const INSIDE: u64 = 1;

/// Why a thread may not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The gate is not what it was thought to be: another thread has it, or somebody wrote over it.
    Taken,
    /// The allocator is not in its place any more.
    Gone,
}

/// Sets a gate from `before` to the number of this thread, which is inside then.
pub(crate) fn enter(
    gate: &impl Word,
    before: u64,
    thread: u64,
    is_in_place: impl FnOnce() -> bool,
) -> Result<(), Refused> {
    if gate.exchange_and_fence(before, thread | INSIDE).is_err() {
        return Err(Refused::Taken);
    }
    if is_in_place() {
        return Ok(());
    }
    // An exchange again: the place may be another's by now.
    let _ = gate.exchange(thread | INSIDE, before);
    Err(Refused::Gone)
}

/// Leaves by a gate, which gets the number `after`.
pub(crate) fn leave(gate: &impl Word, after: u64) {
    gate.store_release(after);
}

/// Returns the number of the thread that is inside by a gate, if there is one.
pub(crate) fn inside(gate: &impl Word) -> Option<u64> {
    let found = gate.load();
    (found & INSIDE != 0).then_some(found & !INSIDE)
}
