//! The shared lists of an allocator, and the guard through which a thread touches them.
//!
//! [`Inside`] is the only way to the lists. So whoever drains the allocator can wait for the
//! threads that are inside (`gate`), and nothing is written to a place that is another's by then.

use std::iter;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};

use super::cache::{Kept, Own};
use super::config::{PATIENCE, look_often, vacant};
use super::control::{self, Control, Holder, Word};
use super::gate::{self, Refused};
use super::inner::{Class, Inner, corrupt};
use super::layout::{GATES, SHARDS, VISITORS};
use super::stack::{self, Broken, Words};
use crate::error::AllocError;
use crate::sys::process::Thread;

/// How many times the looks at the gates are halved at most, when others have looked in vain.
const IMPATIENCE: u32 = 8;

/// A slot that is held for an object, and what its thread has, if that is named in the slot.
pub(crate) type Held = (Kept, Option<Own>);

/// A thread that is inside: among the shared lists of an allocator, which is in its place as long
/// as this is there.
pub(crate) struct Inside<'a> {
    pub(crate) inner: &'a Inner,
    /// What the thread has for itself; `None` if it is a visitor.
    pub(crate) own: Option<Own>,
    /// Its gate, and what that is when it leaves.
    gate: usize,
    after: u64,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if self.own.is_none() {
            self.inner.header.shards[self.gate].space.store(0);
        }
        gate::leave(self.inner.gate(self.gate), self.after);
    }
}

/// The gates.
impl Inner {
    fn gate(&self, gate: usize) -> &AtomicU64 {
        self.header.shards[gate].owner.atomic()
    }

    /// Enters by a gate, if it is as it was `found`; `None` if it is not.
    #[inline]
    pub(crate) fn enter_by(&self, gate: usize, found: u64, own: Option<Own>) -> Result<Option<Inside<'_>>, AllocError> {
        let (thread, after) = match own {
            Some(own) => (own.cache.owner(), found),
            None => (Thread::current().number, vacant(self.live)),
        };
        match gate::enter(self.gate(gate), found, thread, || self.is_in_place()) {
            Err(Refused::Gone) => return Err(self.not_live()),
            Err(Refused::Taken) => return Ok(None),
            Ok(()) if own.is_none() => self.header.shards[gate].space.store_release(Thread::current().space),
            Ok(()) => {}
        }
        Ok(Some(Inside { inner: self, own, gate, after }))
    }

    /// Enters as a visitor: by a gate that nobody uses, or after a while by one that somebody wrote
    /// over, or died behind. If all gates stay closed, the threads that come next look less often.
    pub(crate) fn visit(&self) -> Result<Inside<'_>, AllocError> {
        let closed = self.closed.load(Ordering::Relaxed);
        let first = (Thread::current().number >> 1) as usize;
        let entered = look_often(PATIENCE >> closed, |is_late| {
            (first..first + VISITORS).find_map(|turn| {
                // First: a page that was given back is not to be touched.
                if !self.is_in_place() {
                    return Some(Err(self.not_live()));
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
        gate::inside(self.gate(gate)).is_some_and(|number| !Thread { number, space: space() }.is_gone())
    }

    /// Waits until nobody is inside who is alive, but not for ever: how many still are.
    ///
    /// The state of the allocator refuses all that come now.
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
    /// Takes a slot of a class for an object: one that this thread keeps, or that is in the list,
    /// or was never used; and some more for the thread to keep. `None` if there shall be no
    /// objects.
    pub(crate) fn take(&self, class: Class<'_>) -> Result<Option<Held>, AllocError> {
        while let Some(kept) = self.own.and_then(|own| own.cache.pop(class.number)) {
            if let Some(control) = control::take(self.inner.slot(kept).control.atomic(), kept.control) {
                return Ok(Some((Kept { control, ..kept }, self.own)));
            }
            if !self.is_recovered(kept) {
                return Err(self.not_free(kept));
            }
        }
        let index = self.pop_some(class);
        self.tell(class);
        let index = index?;
        let (slot, words) = (class.place(index), class.slot(index));
        let control = control::hand_out(words.control.atomic(), self.inner.free)
            .map_err(|control| self.not_free(Kept { slot, control }))?;
        let kept = Kept { slot, control };
        if let Some(own) = self.own {
            words.next.store(own.mark());
        }
        compiler_fence(Ordering::SeqCst);
        if self.inner.header.state.load() != self.inner.live {
            self.list(class, [kept]);
            return Ok(None);
        }
        Ok(Some((kept, self.own)))
    }

    #[cold]
    fn not_free(&self, kept: Kept) -> AllocError {
        let slot = self.inner.slot(kept);
        corrupt("the word of a free slot", self.inner.address(slot), slot.control.load())
    }

    /// Pops one of the list, or takes one that was never used, and half as many as can be for the
    /// thread to keep.
    fn pop_some(&self, class: Class<'_>) -> Result<u32, AllocError> {
        let more = self.own.map_or(0, |own| own.cache.most(class.number) / 2);
        if let Some(first) = self.pop(class)? {
            // If the list is broken further on, that is for the next one to find.
            let others = iter::from_fn(|| self.pop(class).ok()?);
            others.take(more as usize).for_each(|index| self.keep(class, index));
            return Ok(first);
        }
        // Each error but the first is for the next one to find, too.
        let (capacity, value_size) = (class.shape.capacity, class.shape.value_size);
        let first = self.take_fresh(class)?.ok_or(AllocError::OutOfSlots { capacity, value_size })?;
        let others = iter::from_fn(|| self.take_fresh(class).ok()?);
        others.take(more as usize).for_each(|index| self.keep(class, index));
        Ok(first)
    }

    fn pop(&self, class: Class<'_>) -> Result<Option<u32>, AllocError> {
        let popped = stack::pop(&class).map_err(|broken| self.broken(class, broken))?;
        if popped.is_some() {
            class.words.listed.fetch_sub(1);
        }
        Ok(popped)
    }

    #[cold]
    fn broken(&self, class: Class<'_>, broken: Broken) -> AllocError {
        let (what, found) = match broken {
            Broken::Link(link) => ("a list of free slots", link.into()),
            Broken::Restless(head) => ("a list of free slots, which somebody changes all the time,", head),
        };
        corrupt(what, self.inner.address(class.words), found)
    }

    /// Takes a slot that was never used, if there is one. As in [`list`](Self::list), no more than
    /// one is on its way when the thread is killed.
    fn take_fresh(&self, class: Class<'_>) -> Result<Option<u32>, AllocError> {
        let (capacity, fresh) = (class.shape.capacity, &class.words.fresh);
        for _ in 0..stack::TRIES {
            let index = fresh.load_acquire();
            if index >= capacity {
                return Ok(None);
            }
            // First it names this allocator, so that each slot that was ever used does, even if
            // this thread is killed. What was in the memory before is left open.
            let word = class.slot(index).control.atomic();
            let found = Control(word.load(Ordering::Relaxed));
            if found.id() != self.inner.id {
                let free = Control::new(self.inner.id, Holder::Free, found.generation());
                let _ = word.exchange(found.0, free.0);
            }
            if fresh.compare_exchange(index, index + 1).is_ok() && self.is_fresh(class, index) {
                return Ok(Some(index));
            }
        }
        Err(self.broken(class, Broken::Restless(fresh.load().into())))
    }

    /// Makes a slot free that was never used; whether it is. A thread may have kept it that used an
    /// allocator here before; so it gets the next generation. If an object holds it, somebody wrote
    /// over the number of slots that were used.
    fn is_fresh(&self, class: Class<'_>, index: u32) -> bool {
        let word = class.slot(index).control.atomic();
        let found = Control(word.load(Ordering::Relaxed));
        let is_free = found.id() == self.inner.id
            && matches!(found.holder(), Holder::Free | Holder::Kept)
            && word.exchange(found.0, found.next(Holder::Free).0).is_ok();
        if !is_free {
            self.lost();
        }
        is_free
    }

    /// Has this thread keep a free slot that is in no list.
    fn keep(&self, class: Class<'_>, index: u32) {
        let (Some(own), slot) = (self.own, class.slot(index)) else { return };
        match control::keep(slot.control.atomic(), self.inner.free, || slot.next.store(own.mark())) {
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
        if self.inner.slot(held).control.load() == held.control.0 {
            self.list(class, [held]);
        } else {
            self.lost();
        }
        if let Some(own) = self.own {
            let half = own.cache.len(class.number) / 2;
            self.list(class, (0..half).map_while(|_| own.cache.pop(class.number)));
        }
        self.tell(class);
    }

    /// Lists all slots that a thread keeps, or kept.
    pub(crate) fn empty(&self, own: Own) {
        for class in self.inner.classes() {
            self.list(class, iter::from_fn(|| own.cache.pop(class.number)));
        }
    }

    /// Puts slots that this thread holds or keeps into the list: one after the other, so that no
    /// more than one is on its way when the thread is killed.
    ///
    /// Linked to each other first and then put there at once, objects that are made and dropped
    /// 5000 at a time cost a sixth less, and a kill would lose 32 of them.
    pub(crate) fn list(&self, class: Class<'_>, slots: impl IntoIterator<Item = Kept>) {
        for kept in slots {
            if self.inner.let_go(kept, Holder::Free) {
                let index = class.index_of(kept.slot);
                match stack::push(&class, index, index) {
                    Ok(()) => _ = class.words.listed.fetch_add(1),
                    // It is in no list: it is found when the allocator is recovered.
                    Err(_) => self.lost(),
                }
            } else if !self.is_recovered(kept) {
                self.lost();
            }
        }
    }

    /// Whether somebody has recovered the allocator since a slot was kept, or taken back what the
    /// thread kept, and listed it: the slot is of another generation.
    #[cold]
    fn is_recovered(&self, kept: Kept) -> bool {
        let found = Control(self.inner.slot(kept).control.load());
        found.id() == self.inner.id && found.generation() != kept.control.generation()
    }

    /// Says in the arena how many slots of a class this thread keeps.
    fn tell(&self, class: Class<'_>) {
        if let Some(own) = self.own {
            let kept = &self.inner.header.shards[self.gate].kept;
            kept[class.number as usize].store(own.cache.len(class.number));
        }
    }

    pub(crate) fn lost(&self) {
        self.inner.header.failed.fetch_add(1);
    }

    /// Goes on inside by the gate of a shard, which this thread has claimed with its number.
    pub(crate) fn change_gate(&mut self, own: Own, thread: u64) {
        let by_own = Inside { inner: self.inner, own: Some(own), gate: own.shard(), after: thread };
        drop(std::mem::replace(self, by_own));
    }
}

/// The free slots of a class that no thread keeps.
impl Words for Class<'_> {
    fn capacity(&self) -> u32 {
        self.shape.capacity
    }
    fn head(&self) -> u64 {
        self.words.free.load_acquire()
    }
    fn exchange_head(&self, current: u64, new: u64) -> bool {
        let free = self.words.free.atomic();
        free.compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
    fn next(&self, index: u32) -> u32 {
        self.slot(index).next.load()
    }
    fn set_next(&self, index: u32, link: u32) {
        self.slot(index).next.store(link);
    }
}

/// A word of the arena.
impl Word for AtomicU64 {
    #[inline]
    fn load(&self) -> u64 {
        self.load(Ordering::Relaxed)
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
        if cfg!(target_arch = "x86_64") {
            // The exchange is such a fence there; elsewhere, a later load may be done before its
            // store.
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
        exchanged
    }
}
