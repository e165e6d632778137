//! Repairing an allocator whose users died.

use std::sync::atomic::Ordering;

use super::class::Class;
use super::layout::{MAGIC, state};
use super::opened::Opened;
use super::protocol::{self, Control, Holder, link_to};
use crate::error::AllocError;
use crate::value::ArenaPtr;

/// What [`Allocator::recover`](super::Allocator::recover) has found.
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

/// See `Allocator::recover_reachable`; `is_reachable` gets the low 32 bits of an address.
pub(crate) fn recover(opened: &Opened, is_reachable: impl Fn(u32) -> bool) -> Result<Recovered, AllocError> {
    let objects = opened.keeper.count.objects();
    if objects > 0 {
        return Err(AllocError::InUse { objects });
    }
    let (header, at, expected) = (&opened.header, opened.start, MAGIC);
    if opened.is_replaced() {
        // Nobody can tell a header that was overwritten from memory that was given back and is
        // another's.
        let found = if opened.drained.load(Ordering::Relaxed) { MAGIC } else { header.magic.load() };
        let error = AllocError::NoAllocator { at, what: "the magic number", found, expected };
        return Err(if found == MAGIC { AllocError::Closed } else { error });
    }
    let (word, before) = (header.state.load(), opened.state());
    // Closed stays closed, also if whoever recovered it died. It is live if somebody wrote over the
    // word.
    let (during, after) = match before {
        state::CLOSING | state::DRAINING | state::RECOVERING_CLOSED => (state::RECOVERING_CLOSED, state::CLOSING),
        _ => (state::RECOVERING, state::LIVE),
    };
    // By an exchange: if it is drained, somebody may make another in its place just now.
    if before == state::DRAINED || header.state.compare_exchange(word, opened.word_of(during)).is_err() {
        return Err(opened.not_live());
    }
    // If one stays inside, the caller has promised that it does nothing.
    let _ = opened.wait_for_those_inside();
    opened.store(header);
    header.magic.store_release(MAGIC);
    let mut all = Recovered::default();
    for class in opened.classes() {
        rebuild(class, &is_reachable, &mut all);
    }
    opened.recover_shards();
    header.state.store_release(opened.word_of(after));
    Ok(all)
}

/// Makes one list of all free slots of a class, and counts what there is.
fn rebuild(class: Class<'_>, is_reachable: &impl Fn(u32) -> bool, found: &mut Recovered) {
    let id = class.opened.id;
    // As many as were used, whatever the header says: each names the allocator.
    let used: Vec<_> = class.used(u32::MAX).collect();
    let used = &used[..used.iter().rposition(|(_, _, control)| control.id() == id).map_or(0, |last| last + 1)];
    let fresh = u32::try_from(used.len()).unwrap_or(u32::MAX);
    let listed = listed(class, used.len());
    found.free += u64::from(class.shape.capacity - fresh);
    let (mut link, mut free) = (0, 0);
    // From the last, so that the first comes first.
    for (index, slot, control) in used.iter().rev() {
        match control.holder() {
            _ if control.id() != id => found.scribbled += 1,
            Holder::Shared if is_reachable(ArenaPtr::<()>::from_address(class.address_of(*index)).offset()) => {
                found.live += 1;
                continue;
            }
            Holder::Shared | Holder::Object => found.orphans += 1,
            Holder::Free => found.lost += u64::from(!listed[*index as usize]),
            // A thread kept it, and does not any more.
            Holder::Kept => {}
        }
        // The next generation, so that pointers to what was there are stale.
        slot.control.store(Control::new(id, Holder::Free, control.generation().wrapping_add(1)).0);
        slot.next.store(link);
        link = link_to(*index);
        free += 1;
    }
    found.free += u64::from(free);
    class.words.fresh.store(fresh);
    class.words.listed.store(free);
    let head = class.words.free.load();
    let _ = class.words.free.compare_exchange_acq_rel(head, protocol::changed(head, link));
}

/// Which of the first slots of a class are in the list.
fn listed(class: Class<'_>, slots: usize) -> Vec<bool> {
    let mut listed = vec![false; slots];
    let mut link = protocol::link_of(class.words.free.load_acquire());
    while let Ok(Some(index)) = protocol::follow(link, class.shape.capacity) {
        match listed.get_mut(index as usize) {
            Some(listed) if !*listed => *listed = true,
            // A circle, or a slot that was never used.
            _ => break,
        }
        link = class.slot(index).next.load();
    }
    listed
}
