//! Putting an allocator right whose users died.

use std::sync::atomic::Ordering;

use crate::arena::alloc::control::{Control, Holder};
use crate::arena::alloc::inner::{Inner, SlotRef};
use crate::arena::alloc::layout::{MAGIC, VERSION, state};
use crate::arena::alloc::list::List;
use crate::arena::alloc::stack;
use crate::arena::alloc::stack::{Words, link_to};
use crate::error::AllocError;

/// What was found.
///
/// ```
/// use mapvalue::arena::{Config, Recovered};
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
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
    /// Slots among them that were in no list and kept by no thread, because whoever had them in hand died, or the list was broken.
    pub lost: u64,
    /// Slots among them whose objects nobody has any more: an `Object` of a process held them that is gone, or no field that is known does.
    pub orphans: u64,
    /// Slots among them whose word made no sense.
    pub scribbled: u64,
}

/// See `Allocator::recover`; `is_reachable` is asked for the low 32 bits of the address of each object that was handed over.
pub(crate) fn recover(inner: &Inner, is_reachable: impl Fn(u32) -> bool) -> Result<Recovered, AllocError> {
    let objects = inner.keeper.objects();
    if objects > 0 {
        return Err(AllocError::InUse { objects });
    }
    let before = inner.header.state.swap(inner.word_of(state::RECOVERING));
    restore(inner);
    let mut all = Recovered::default();
    for class in 0..inner.class_count() {
        let listed = listed(inner, class);
        let one = rebuild(inner, class, &listed, &is_reachable);
        all.live += one.live;
        all.free += one.free;
        all.lost += one.lost;
        all.orphans += one.orphans;
        all.scribbled += one.scribbled;
    }
    // Threads of this process go on using their shards, in which nothing is kept now.
    for (i, shard) in inner.header.shards.iter().enumerate() {
        if inner.own_if_ours(i).is_some() {
            inner.reset_shard(i);
        } else {
            shard.kept.iter().for_each(|kept| kept.store(0));
            shard.owner.store(0);
        }
    }
    let is_closed = [state::CLOSING, state::DRAINED].map(|state| inner.word_of(state)).contains(&before);
    // Also if nobody has written what was there.
    let after = if is_closed { before } else { inner.live };
    if !is_closed {
        inner.drained.store(false, Ordering::Relaxed);
    }
    inner.header.state.store_release(after);
    Ok(all)
}

/// Which slots of a class are in the list, or were never used.
fn listed(inner: &Inner, class: u32) -> Vec<bool> {
    let list = List { inner, class };
    let capacity = list.capacity();
    let mut listed = vec![false; capacity as usize];
    let mut link = low_half(list.head());
    while let Ok(Some(index)) = stack::follow(link, capacity) {
        if std::mem::replace(&mut listed[index as usize], true) {
            // A circle.
            break;
        }
        link = list.next(index);
    }
    let fresh = inner.header.classes[class as usize].fresh.load().min(capacity);
    listed[fresh as usize..].fill(true);
    listed
}

/// Makes one list of all free slots of a class, and counts what there is.
fn rebuild(inner: &Inner, class: u32, listed: &[bool], is_reachable: &impl Fn(u32) -> bool) -> Recovered {
    let list = List { inner, class };
    let fresh = inner.header.classes[class as usize].fresh.load().min(list.capacity());
    let mut found = Recovered { free: u64::from(list.capacity() - fresh), ..Recovered::default() };
    let mut link = 0;
    // From the last, so that the first comes first.
    for index in (0..fresh).rev() {
        let slot = inner.slot(SlotRef::new(class, index));
        let control = Control(slot.control.load());
        let is_ours = control.id() == inner.id;
        match control.holder() {
            _ if !is_ours => found.scribbled += 1,
            Holder::Shared if is_reachable(low_half(inner.address_at(SlotRef::new(class, index)))) => {
                found.live += 1;
                continue;
            }
            Holder::Shared | Holder::Object => found.orphans += 1,
            Holder::Free => found.lost += u64::from(!listed[index as usize]),
            // A thread kept it, and whichever that was, it does not any more.
            Holder::Kept => {}
        }
        // The next generation, so that pointers to what was there are stale.
        slot.control.store(Control::new(inner.id, Holder::Free, control.generation().wrapping_add(1)).0);
        slot.next.store(link);
        link = link_to(index);
        found.free += 1;
    }
    inner.header.classes[class as usize].listed.store(fresh - u32::try_from(found.live).unwrap_or(fresh));
    let head = list.head();
    let _ = list.exchange_head(head, ((head >> 32).wrapping_add(1) << 32) | u64::from(link));
    found
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
