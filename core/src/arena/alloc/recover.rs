//! Repairing an allocator whose users died.

use super::control::{Control, Holder};
use super::inner::Inner;
use super::layout::{MAGIC, VERSION, state};
use super::lists::Stack;
use super::stack::{self, Words, link_to};
use crate::error::AllocError;

/// What was found.
///
/// ```
/// use mapvalue::arena::{Config, Recovered};
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects = Allocator::create(
///     &arena,
///     Config { value_size: 8, capacity: 100, ..Config::default() },
/// )?;
/// let Recovered { live, free, lost, orphans, scribbled, .. } = objects.recover()?;
/// assert_eq!((live, free), (0, 100));
/// assert_eq!((lost, orphans, scribbled), (0, 0, 0)); // nothing was wrong
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Objects that were handed over, and are still there.
    pub live: u64,
    /// Free slots, all in lists now.
    pub free: u64,
    /// Free slots that were in no list and kept by no thread: their thread died, or the list was
    /// broken.
    pub lost: u64,
    /// Free slots whose objects nobody has any more: an `Object` of a process that is gone held
    /// them, or no known field does.
    pub orphans: u64,
    /// Free slots whose word made no sense.
    pub scribbled: u64,
}

/// See `Allocator::recover`; `is_reachable` is asked for the low 32 bits of the address of each
/// object that was handed over.
pub(crate) fn recover(inner: &Inner, is_reachable: impl Fn(u32) -> bool) -> Result<Recovered, AllocError> {
    let objects = inner.keeper.objects();
    if objects > 0 {
        return Err(AllocError::InUse { objects });
    }
    if inner.is_replaced() {
        return Err(inner.not_there());
    }
    let before = inner.header.state.swap(inner.word_of(state::RECOVERING));
    // If one stays inside, the caller has promised that it does nothing.
    let _ = inner.wait_for_those_inside();
    restore(inner);
    let mut all = Recovered::default();
    for class in 0..inner.class_count() {
        let one = rebuild(inner, class, &is_reachable);
        all.live += one.live;
        all.free += one.free;
        all.lost += one.lost;
        all.orphans += one.orphans;
        all.scribbled += one.scribbled;
    }
    inner.recover_shards();
    let is_closed =
        [state::CLOSING, state::DRAINING, state::DRAINED].map(|state| inner.word_of(state)).contains(&before);
    // Live also if somebody wrote over it.
    inner.header.state.store_release(if is_closed { before } else { inner.live });
    Ok(all)
}

/// Makes one list of all free slots of a class, and counts what there is.
fn rebuild(inner: &Inner, class: u32, is_reachable: &impl Fn(u32) -> bool) -> Recovered {
    let list = Stack { inner, class };
    let header = &inner.header.classes[class as usize];
    // As many as were used, whatever the header says: each names the allocator.
    let used: Vec<_> = inner.used_of(class, u32::MAX).collect();
    let used = &used[..used.iter().rposition(|(_, _, control)| control.id() == inner.id).map_or(0, |last| last + 1)];
    let fresh = u32::try_from(used.len()).unwrap_or(u32::MAX);
    let listed = listed(&list, used.len());
    let mut found = Recovered { free: u64::from(list.capacity() - fresh), ..Recovered::default() };
    let mut link = 0;
    // From the last, so that the first comes first.
    for (slot, words, control) in used.iter().rev() {
        match control.holder() {
            _ if control.id() != inner.id => found.scribbled += 1,
            Holder::Shared if is_reachable(low_half(inner.address_at(*slot))) => {
                found.live += 1;
                continue;
            }
            Holder::Shared | Holder::Object => found.orphans += 1,
            Holder::Free => found.lost += u64::from(!listed[slot.index as usize]),
            // A thread kept it, and does not any more.
            Holder::Kept => {}
        }
        // The next generation, so that pointers to what was there are stale.
        words.control.store(Control::new(inner.id, Holder::Free, control.generation().wrapping_add(1)).0);
        words.next.store(link);
        link = link_to(slot.index);
        found.free += 1;
    }
    header.fresh.store(fresh);
    header.listed.store(fresh - u32::try_from(found.live).unwrap_or(fresh));
    let head = list.head();
    let _ = list.exchange_head(head, ((head >> 32).wrapping_add(1) << 32) | u64::from(link));
    found
}

/// Which of the first slots of a class are in the list.
fn listed(list: &Stack<'_>, slots: usize) -> Vec<bool> {
    let mut listed = vec![false; slots];
    let mut link = low_half(list.head());
    while let Ok(Some(index)) = stack::follow(link, list.capacity()) {
        match listed.get_mut(index as usize) {
            Some(listed) if !*listed => *listed = true,
            // A circle, or a slot that was never used.
            _ => break,
        }
        link = list.next(index);
    }
    listed
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is asked for")]
fn low_half(number: u64) -> u32 {
    number as u32
}

/// Writes anew what the header said when this process has read it.
fn restore(inner: &Inner) {
    let Inner { header, classes, .. } = inner;
    let start = inner.start().address();
    for (class, is) in header.classes.iter().zip(classes) {
        class.capacity.store(is.capacity);
        class.value_size.store(is.value_size);
        class.stride.store(is.stride);
        class.first.store(is.first - start);
    }
    header.version.store(VERSION);
    header.id.store(inner.id);
    header.class_count.store(inner.class_count());
    header.align.store(inner.align);
    header.magazine.store(inner.header_magazine);
    header.asymmetric.store(inner.asymmetric.into());
    header.len.store(inner.end() - start);
    header.magic.store_release(MAGIC);
}
