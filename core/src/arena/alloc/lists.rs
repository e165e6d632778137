//! The shared lists of an allocator, and [`Inside`], the only way to them: whoever drains the
//! allocator waits for the threads inside, so that none writes to a place that is another's.

use std::iter;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};

use super::cache::{Kept, Own};
use super::config::{PATIENCE, look_often, vacant};
use super::layout::{GATES, SHARDS, SlotShared, VISITORS};
use super::opened::{Class, Opened, corrupt};
use super::protocol::{self, Control, Holder, RESTLESS, Word};
use crate::error::AllocError;
use crate::sys::process::Thread;

/// How many times the looks at the gates are halved at most, when others have looked in vain.
const IMPATIENCE: u32 = 8;

/// A thread inside: among the shared lists of an allocator, which stays in its place meanwhile.
pub(crate) struct Inside<'a> {
    pub(crate) opened: &'a Opened,
    /// What the thread has for itself; `None` if it is a visitor.
    pub(crate) own: Option<Own>,
    pub(crate) gate: usize,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if self.own.is_none() {
            self.opened.header.shards[self.gate].space.store(0);
        }
        let after = self.own.map_or(vacant(self.opened.live), |own| own.cache.owner());
        protocol::leave(self.opened.gate(self.gate), after);
    }
}

/// The gates.
impl Opened {
    fn gate(&self, gate: usize) -> &AtomicU64 {
        self.header.shards[gate].owner.atomic()
    }

    /// Enters by a gate, if it is as it was `found`; `None` if it is not.
    pub(crate) fn enter_by(&self, gate: usize, found: u64, own: Option<Own>) -> Result<Option<Inside<'_>>, AllocError> {
        let thread = own.map_or_else(|| Thread::current().number, |own| own.cache.owner());
        if !protocol::enter(self.gate(gate), found, thread, || self.in_place())? {
            return Ok(None);
        }
        if own.is_none() {
            self.header.shards[gate].space.store_release(Thread::current().space);
        }
        Ok(Some(Inside { opened: self, own, gate }))
    }

    /// Enters as a visitor: by a gate that nobody uses, or after a while by one that somebody wrote
    /// over, or died behind. While all gates stay closed, each thread looks less often.
    pub(crate) fn visit(&self) -> Result<Inside<'_>, AllocError> {
        let closed = self.closed.load(Ordering::Relaxed);
        let first = (Thread::current().number >> 1) as usize;
        let entered = look_often(PATIENCE >> closed, |is_late| {
            (first..first + VISITORS).find_map(|turn| {
                // First: a page that was given back is not to be touched.
                if let Err(error) = self.in_place() {
                    return Some(Err(error));
                }
                let gate = SHARDS + turn % VISITORS;
                let found = self.gate(gate).load(Ordering::Relaxed);
                let is_open = found == vacant(self.live) || is_late && !self.is_inside(gate);
                if is_open { self.enter_by(gate, found, None).transpose() } else { None }
            })
        });
        let now = if entered.is_some() { 0 } else { (closed + 1).min(IMPATIENCE) };
        if now != closed {
            self.closed.store(now, Ordering::Relaxed);
        }
        entered.unwrap_or_else(|| {
            let gate = &self.header.shards[SHARDS].owner;
            let what = "the gate of visitors, which somebody keeps closed,";
            Err(corrupt(what, self.address(gate), gate.load()))
        })
    }

    /// Whether a thread is inside by a gate that is not known to have ended.
    fn is_inside(&self, gate: usize) -> bool {
        let space = || self.header.shards[gate].space.load_acquire();
        protocol::inside(self.gate(gate)).is_some_and(|number| !Thread { number, space: space() }.is_gone())
    }

    /// Waits until nobody alive is inside, but not for ever: how many are. The state refuses more.
    pub(crate) fn wait_for_those_inside(&self) -> u64 {
        fence(Ordering::SeqCst);
        let mut inside = 0;
        look_often(PATIENCE, |_| {
            inside = (0..GATES).filter(|gate| self.is_inside(*gate)).count() as u64;
            (inside == 0).then_some(())
        });
        // What they have written is written before whatever is done with the place.
        fence(Ordering::SeqCst);
        inside
    }
}

/// The lists.
impl Inside<'_> {
    /// Takes a slot for an object: one kept, listed or never used; and some more to keep.
    pub(crate) fn take(&self, class: Class<'_>) -> Result<Kept, AllocError> {
        let not_free =
            |slot: &SlotShared| corrupt("the word of a free slot", self.opened.address(slot), slot.control.load());
        while let Some(kept) = self.own.and_then(|own| own.cache.pop(class.number)) {
            let slot = self.opened.slot(kept);
            if let Some(control) = protocol::take(slot.control.atomic(), kept.control) {
                return Ok(Kept { control, ..kept });
            }
            if !self.is_recovered(kept) {
                return Err(not_free(slot));
            }
        }
        let index = self.take_some(class);
        self.tell(class);
        let (place, slot) = index.map(|index| (class.place(index), class.slot(index)))?;
        let taken = protocol::hand_out(slot.control.atomic(), self.opened.id);
        let control = taken.map_err(|_| not_free(slot))?;
        Ok(Kept { slot: place, control })
    }

    /// Pops a listed slot, or takes one never used; and half as many as the thread can keep.
    fn take_some(&self, class: Class<'_>) -> Result<u32, AllocError> {
        let more = self.own.map_or(0, |own| own.cache.most(class.number) / 2);
        for next in [Self::pop as fn(&Self, Class<'_>) -> _, Self::take_fresh] {
            if let Some(first) = next(self, class)? {
                // Each error but the first is for the next thread to find.
                let others = iter::from_fn(|| next(self, class).ok()?);
                others.take(more as usize).for_each(|index| self.keep(class, index));
                return Ok(first);
            }
        }
        Err(AllocError::OutOfSlots { capacity: class.shape.capacity, value_size: class.shape.value_size })
    }

    fn pop(&self, class: Class<'_>) -> Result<Option<u32>, AllocError> {
        let (head, next) = (class.words.free.atomic(), |index| class.slot(index).next.load());
        let broken = |(what, found)| corrupt(what, self.opened.address(class.words), found);
        let popped = protocol::pop(head, class.shape.capacity, next).map_err(broken)?;
        if popped.is_some() {
            class.words.listed.fetch_sub(1);
        }
        Ok(popped)
    }

    /// Takes a slot that was never used, if there is one: one after the other, as in `list`.
    fn take_fresh(&self, class: Class<'_>) -> Result<Option<u32>, AllocError> {
        let fresh = &class.words.fresh;
        for _ in 0..protocol::TRIES {
            let index = fresh.load_acquire();
            if index >= class.shape.capacity {
                return Ok(None);
            }
            // First it names this allocator, so that each slot that was ever used does, even if
            // this thread is killed. What was in the memory before is left open.
            let word = &class.slot(index).control;
            let found = Control(word.load());
            if found.id() != self.opened.id {
                let free = Control::new(self.opened.id, Holder::Free, found.generation());
                let _ = word.compare_exchange_acq_rel(found.0, free.0);
            }
            if fresh.compare_exchange(index, index + 1).is_ok() && self.is_fresh(class, index) {
                return Ok(Some(index));
            }
        }
        Err(corrupt(RESTLESS, self.opened.address(class.words), fresh.load().into()))
    }

    /// Makes a slot free that was never used; whether it is. It gets the next generation, since a
    /// thread may have kept it that used an allocator here before. If an object holds it, somebody
    /// wrote over the number of slots that were used.
    fn is_fresh(&self, class: Class<'_>, index: u32) -> bool {
        let word = &class.slot(index).control;
        let found = Control(word.load());
        let is_free = found.id() == self.opened.id
            && matches!(found.holder(), Holder::Free | Holder::Kept)
            && word.compare_exchange_acq_rel(found.0, found.next(Holder::Free).0).is_ok();
        if !is_free {
            self.lost();
        }
        is_free
    }

    /// Has this thread keep a free slot that is in no list.
    fn keep(&self, class: Class<'_>, index: u32) {
        let (Some(own), slot) = (self.own, class.slot(index)) else { return };
        match protocol::keep(slot.control.atomic(), self.opened.id, || slot.next.store(own.mark())) {
            Ok(control) => {
                let kept = Kept { slot: class.place(index), control };
                if !own.cache.push(class.number, kept) {
                    self.list(class, [kept]);
                }
            }
            Err(_) => self.lost(),
        }
    }

    /// Lists the slot of an object, and half of those that this thread keeps.
    pub(crate) fn spill(&self, class: Class<'_>, held: Kept) {
        self.list(class, [held]);
        if let Some(own) = self.own {
            let half = own.cache.len(class.number) / 2;
            self.list(class, (0..half).map_while(|_| own.cache.pop(class.number)));
        }
        self.tell(class);
    }

    /// Lists all slots that a thread keeps, or kept.
    pub(crate) fn empty(&self, own: Own) {
        for class in self.opened.classes() {
            self.list(class, iter::from_fn(|| own.cache.pop(class.number)));
        }
    }

    /// Puts slots that this thread holds or keeps into the list: one after the other, so that no
    /// more than one is on its way when the thread is killed. (Put there at once, objects that are
    /// made and dropped 5000 at a time cost a sixth less, and a kill would lose 32 of them.)
    pub(crate) fn list(&self, class: Class<'_>, slots: impl IntoIterator<Item = Kept>) {
        for kept in slots {
            if self.opened.let_go(kept, Holder::Free) {
                let index = class.index_of(kept.slot);
                let set_next = |link| class.slot(index).next.store(link);
                match protocol::push(class.words.free.atomic(), index, set_next) {
                    Ok(()) => _ = class.words.listed.fetch_add(1),
                    // It is in no list: it is found when the allocator is recovered.
                    Err(_) => self.lost(),
                }
            } else if !self.is_recovered(kept) {
                self.lost();
            }
        }
    }

    /// Whether a slot is of another generation: since it was kept, somebody has recovered the
    /// allocator, or taken back what the thread kept.
    #[cold]
    fn is_recovered(&self, kept: Kept) -> bool {
        let found = Control(self.opened.slot(kept).control.load());
        found.id() == self.opened.id && found.generation() != kept.control.generation()
    }

    /// Says in the arena how many slots of a class this thread keeps.
    fn tell(&self, class: Class<'_>) {
        if let Some(own) = self.own {
            let kept = &self.opened.header.shards[self.gate].kept;
            kept[class.number as usize].store(own.cache.len(class.number));
        }
    }

    pub(crate) fn lost(&self) {
        self.opened.header.failed.fetch_add(1);
    }
}

/// A word of the arena.
impl Word for AtomicU64 {
    #[inline]
    fn load(&self) -> u64 {
        self.load(Ordering::Relaxed)
    }
    #[inline]
    fn load_acquire(&self) -> u64 {
        self.load(Ordering::Acquire)
    }
    #[inline]
    fn store_release(&self, new: u64) {
        self.store(new, Ordering::Release);
    }
    #[inline]
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    #[inline]
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        let exchanged = self.compare_exchange(current, new, Ordering::SeqCst, Ordering::Relaxed);
        // On x86-64 the exchange is such a fence; elsewhere, a later load may precede its store.
        let fence = if cfg!(target_arch = "x86_64") { compiler_fence } else { fence };
        fence(Ordering::SeqCst);
        exchanged
    }
}
