//! The free slots of a class that are nobody's: a lock-free stack, linked through the slots.
//!
//! The steps are over any atomic words: those of an arena, or those of the model checker, which
//! compiles this very file. So it uses nothing of the crate. Many threads, processes and BPF
//! programs push and pop at the same time.
//!
//! The head is a link, an index plus one, and a count of changes. A popping thread loads the head,
//! then the link in that slot, and exchanges the head for that link. If another thread has popped
//! the slot meanwhile and pushed it again, with another slot behind it, the loaded link is stale.
//! But then the count has changed, and the exchange fails ("ABA"). The count is the same again
//! after 2^32 changes within one such moment.
//!
//! The link may also be one of a slot that another thread has just popped, and uses. Nothing is
//! done with it, since the exchange fails.

/// The words of a stack.
pub(crate) trait Words {
    /// How many slots there are.
    fn capacity(&self) -> u32;
    /// Loads the head, acquiring what was released with it: the link in the slot that it leads to.
    fn head(&self) -> u64;
    /// Exchanges the head if it is still `current`: acquires and releases.
    fn exchange_head(&self, current: u64, new: u64) -> bool;
    /// The link in a slot (relaxed).
    fn next(&self, index: u32) -> u32;
    /// Stores the link in a slot (relaxed).
    fn set_next(&self, index: u32, link: u32);
}

/// How often an exchange is tried. It fails when another one has succeeded meanwhile, which can
/// happen a few times in a row. So many failures come of somebody who writes there all the time.
pub(crate) const TRIES: u32 = 100_000;

/// How somebody who wrote over a list has broken it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A link leads to no slot.
    Link(u32),
    /// The head changed before each exchange; this is the last one.
    Restless(u64),
}

/// The link to a slot.
#[inline]
pub(crate) const fn link_to(index: u32) -> u32 {
    index + 1
}

/// The slot that a link leads to: `None` at the end.
#[inline]
pub(crate) fn follow(link: u32, capacity: u32) -> Result<Option<u32>, Broken> {
    match link.checked_sub(1) {
        None => Ok(None),
        Some(index) if index < capacity => Ok(Some(index)),
        Some(_) => Err(Broken::Link(link)),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
pub(crate) const fn link_of(head: u64) -> u32 {
    head as u32
}

/// The head after a change.
pub(crate) const fn changed(head: u64, link: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | link as u64
}

/// Pushes slots that are linked to each other already, from `first` to `last`.
pub(crate) fn push(words: &impl Words, first: u32, last: u32) -> Result<(), Broken> {
    for _ in 0..TRIES {
        let head = words.head();
        words.set_next(last, link_of(head));
        if words.exchange_head(head, changed(head, link_to(first))) {
            return Ok(());
        }
    }
    Err(Broken::Restless(words.head()))
}

/// Pops a slot.
///
/// If somebody has written a link that leads nowhere, the list ends there: the slots behind it are
/// in no list until the allocator is recovered.
pub(crate) fn pop(words: &impl Words) -> Result<Option<u32>, Broken> {
    for _ in 0..TRIES {
        let head = words.head();
        match follow(link_of(head), words.capacity()) {
            Ok(None) => return Ok(None),
            Ok(Some(index)) => {
                if words.exchange_head(head, changed(head, words.next(index))) {
                    return Ok(Some(index));
                }
            }
            Err(broken) => {
                if words.exchange_head(head, changed(head, 0)) {
                    return Err(broken);
                }
            }
        }
    }
    Err(Broken::Restless(words.head()))
}
