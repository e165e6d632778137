//! The shared lists of an allocator, and the guard through which a thread touches them.
//!
//! [`Inside`] is the only way to the lists. So whoever drains the allocator can wait for the
//! threads that are inside (`gate`), and nothing is written to a place that is another's by then.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};

use super::cache::{Kept, Own};
use super::config::{Geometry, PATIENCE, look_often};
use super::control::{self, Control, Holder, Word};
use super::gate::{self, Refused};
use super::inner::{Inner, SlotRef, corrupt};
use super::layout::{GATES, SHARDS, SlotShared, VISITORS};
use super::stack::{self, Broken, Words};
use crate::error::AllocError;
use crate::sys::process::Thread;
use crate::value::ArenaPtr;

/// A slot that is held for an object, and its word.
pub(crate) struct Held {
    pub(crate) slot: NonNull<SlotShared>,
    pub(crate) control: Control,
    /// What its thread has, if that is named in the slot, or else [`Own::none`].
    pub(crate) own: Own,
}

/// What is corrupt if no exchange of a word ever succeeds.
const RESTLESS: &str = "a list of free slots, which somebody changes all the time,";
/// How many times the looks at the gates are halved at most, when others have looked in vain.
const IMPATIENCE: u32 = 8;

/// A thread that is inside: among the shared lists of an allocator, which is in its place as long
/// as this is there.
pub(crate) struct Inside<'a> {
    pub(crate) inner: &'a Inner,
    /// What the thread has for itself.
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

    /// Enters by the gate of this thread's shard. `None` if somebody has written over that, or has
    /// recovered the allocator.
    pub(crate) fn enter_by(&self, own: Own) -> Result<Option<Inside<'_>>, AllocError> {
        let (gate, thread) = (own.shard(), own.cache.owner());
        match gate::enter(self.gate(gate), thread, thread, || self.is_in_place()) {
            Ok(()) => Ok(Some(Inside { inner: self, own: Some(own), gate, after: thread })),
            Err(Refused::Gone) => Err(self.not_live()),
            Err(Refused::Taken) => Ok(None),
        }
    }

    /// Enters as a visitor.
    ///
    /// If all gates stay closed, whatever is done, others that come look less often.
    pub(crate) fn visit(&self) -> Result<Inside<'_>, AllocError> {
        let closed = self.closed.load(Ordering::Relaxed);
        let first = (Thread::current().number >> 1) as usize;
        let entered = look_often(PATIENCE >> closed, |is_late| {
            (first..first + VISITORS).find_map(|turn| self.visit_by(SHARDS + turn % VISITORS, is_late).transpose())
        });
        let now = if entered.is_some() { 0 } else { (closed + 1).min(IMPATIENCE) };
        if now != closed {
            self.closed.store(now, Ordering::Relaxed);
        }
        entered.unwrap_or_else(|| {
            let gate = &self.header.shards[SHARDS].owner;
            let at = self.arena.ptr_of(gate).map_or(0, ArenaPtr::address);
            Err(corrupt("the gate of visitors, which somebody keeps closed,", at, gate.load()))
        })
    }

    /// Enters by a gate that nobody uses, or if it `is_late`, by one that somebody wrote over, or
    /// died behind.
    fn visit_by(&self, gate: usize, is_late: bool) -> Result<Option<Inside<'_>>, AllocError> {
        // First: a page that was given back is not to be touched.
        if !self.is_in_place() {
            return Err(self.not_live());
        }
        let (word, here, after) = (self.gate(gate), Thread::current(), self.vacant());
        let found = word.load(Ordering::Relaxed);
        let is_usable = || gate::inside(word).is_none_or(|thread| self.is_gone(gate, thread));
        if found != after && !(is_late && is_usable()) {
            return Ok(None);
        }
        match gate::enter(word, found, here.number, || self.is_in_place()) {
            Ok(()) => {
                self.header.shards[gate].space.store_release(here.space);
                Ok(Some(Inside { inner: self, own: None, gate, after }))
            }
            Err(Refused::Gone) => Err(self.not_live()),
            Err(Refused::Taken) => Ok(None),
        }
    }

    /// Whether a thread with this number, by its gate, has ended.
    pub(crate) fn is_gone(&self, gate: usize, number: u64) -> bool {
        Thread { number, space: self.header.shards[gate].space.load_acquire() }.is_gone()
    }

    /// Waits until nobody is inside who is alive, but not for ever: how many still are.
    ///
    /// The state of the allocator refuses all that come now.
    pub(crate) fn wait_for_those_inside(&self) -> u64 {
        fence(Ordering::SeqCst);
        let is_inside =
            |gate: &usize| gate::inside(self.gate(*gate)).is_some_and(|thread| !self.is_gone(*gate, thread));
        let mut inside = 0;
        look_often(PATIENCE, |_| {
            inside = (0..GATES).filter(is_inside).count() as u64;
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
    pub(crate) fn take(&self, class: u32) -> Result<Option<Held>, AllocError> {
        while let Some(kept) = self.own.and_then(|own| own.cache.pop(class)) {
            // SAFETY: what a thread keeps are slots of this allocator.
            let word = unsafe { &self.inner.header(kept.slot).control };
            if let Some(control) = control::take(word.atomic(), kept.control) {
                return Ok(Some(Held { slot: kept.slot, control, own: self.own.unwrap_or_else(Own::none) }));
            }
            if !self.is_recovered(kept) {
                return Err(self.not_free(class, kept.slot));
            }
        }
        let index = self.pop_some(class);
        self.tell(class);
        self.hold(SlotRef::new(class, index?))
    }

    /// Gives a slot that came from a list to an object. `None` if there shall be no objects.
    fn hold(&self, slot: SlotRef) -> Result<Option<Held>, AllocError> {
        let (header, place) = (self.inner.slot(slot), self.inner.place(slot));
        let control = control::hand_out(header.control.atomic(), self.inner.free)
            .map_err(|_| self.not_free(slot.class, place))?;
        if let Some(own) = self.own {
            header.next.store(own.mark());
        }
        compiler_fence(Ordering::SeqCst);
        if self.inner.header.state.load() != self.inner.live {
            self.list(slot.class, [Kept { slot: place, control }]);
            return Ok(None);
        }
        Ok(Some(Held { slot: place, control, own: self.own.unwrap_or_else(Own::none) }))
    }

    #[cold]
    fn not_free(&self, class: u32, slot: NonNull<SlotShared>) -> AllocError {
        // SAFETY: it is a slot of this allocator.
        let found = unsafe { self.inner.header(slot) }.control.load();
        corrupt("the word of a free slot", self.inner.classes[class as usize].address_of(slot), found)
    }

    /// Pops one of the list, or takes one that was never used, and half as many as can be for the
    /// thread to keep.
    fn pop_some(&self, class: u32) -> Result<u32, AllocError> {
        let more = self.own.map_or(0, |own| own.cache.most(class) / 2);
        let mut first = None;
        for _ in 0..=more {
            match (self.pop(class), first) {
                (Ok(Some(index)), None) => first = Some(index),
                (Ok(Some(index)), Some(_)) => self.keep(SlotRef::new(class, index)),
                (Err(error), None) => return Err(error),
                _ => break,
            }
        }
        if let Some(first) = first {
            return Ok(first);
        }
        loop {
            let fresh = self.take_fresh(class, more + 1)?;
            if fresh.is_empty() {
                let Geometry { capacity, value_size, .. } = self.inner.classes[class as usize];
                return Err(AllocError::OutOfSlots { capacity, value_size });
            }
            let mut free = fresh.filter(|index| self.is_fresh(SlotRef::new(class, *index)));
            if let Some(first) = free.next() {
                free.for_each(|index| self.keep(SlotRef::new(class, index)));
                return Ok(first);
            }
        }
    }

    fn pop(&self, class: u32) -> Result<Option<u32>, AllocError> {
        let popped = stack::pop(&self.stack(class)).map_err(|broken| match broken {
            Broken::Link(link) => corrupt("a list of free slots", self.class_address(class), link.into()),
            Broken::Restless(head) => corrupt(RESTLESS, self.class_address(class), head),
        })?;
        if popped.is_some() {
            self.inner.header.classes[class as usize].listed.fetch_sub(1);
        }
        Ok(popped)
    }

    /// Takes slots that were never used, at most `most`.
    fn take_fresh(&self, class: u32, most: u32) -> Result<Range<u32>, AllocError> {
        let (capacity, fresh) =
            (self.inner.classes[class as usize].capacity, &self.inner.header.classes[class as usize].fresh);
        for _ in 0..stack::TRIES {
            let start = fresh.load_acquire().min(capacity);
            let end = start.saturating_add(most).min(capacity);
            // First they all name this allocator, so that each slot that was ever used does, even
            // if this thread is killed. What was in the memory before is left open.
            for index in start..end {
                let word = self.inner.slot(SlotRef::new(class, index)).control.atomic();
                let found = Control(word.load(Ordering::Relaxed));
                if found.id() != self.inner.id {
                    let _ = word.exchange(found.0, Control::new(self.inner.id, Holder::Free, found.generation()).0);
                }
            }
            if start == end || fresh.compare_exchange(start, end).is_ok() {
                return Ok(start..end);
            }
        }
        Err(corrupt(RESTLESS, self.class_address(class), fresh.load().into()))
    }

    /// Makes a slot free that was never used; whether it is. A thread may have kept it that used an
    /// allocator here before; so it gets the next generation. If an object holds it, somebody wrote
    /// over the number of slots that were used.
    fn is_fresh(&self, slot: SlotRef) -> bool {
        let word = self.inner.slot(slot).control.atomic();
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
    fn keep(&self, slot: SlotRef) {
        let (header, own) = (self.inner.slot(slot), self.own.unwrap_or_else(Own::none));
        match control::keep(header.control.atomic(), self.inner.free, || header.next.store(own.mark())) {
            Ok(control) => {
                let kept = Kept { slot: self.inner.place(slot), control };
                if !own.cache.push(slot.class, kept) {
                    self.list(slot.class, [kept]);
                }
            }
            Err(_) => self.lost(),
        }
    }

    /// Lists the slot of an object, and half of those that this thread keeps.
    pub(crate) fn spill(&self, class: u32, held: Kept) {
        // SAFETY: it is a slot of this allocator.
        let held = Some(held).filter(|held| unsafe { self.inner.header(held.slot) }.control.load() == held.control.0);
        if held.is_none() {
            self.lost();
        }
        let half = self.own.map_or(0, |own| own.cache.len(class) / 2);
        let kept = (0..half).map_while(|_| self.own.and_then(|own| own.cache.pop(class)));
        self.list(class, held.into_iter().chain(kept));
        self.tell(class);
    }

    /// Lists all slots that a thread keeps, or kept.
    pub(crate) fn empty(&self, own: Own) {
        for class in 0..self.inner.class_count() {
            self.list(class, std::iter::from_fn(|| own.cache.pop(class)));
        }
    }

    /// Puts slots that this thread holds or keeps into the list: one after the other, so that no
    /// more than one is on its way when the thread is killed.
    pub(crate) fn list(&self, class: u32, slots: impl IntoIterator<Item = Kept>) {
        for kept in slots {
            // SAFETY: they are slots of this allocator.
            let word = unsafe { &self.inner.header(kept.slot).control };
            if control::let_go(word.atomic(), kept.control, Holder::Free) {
                let index = self.inner.classes[class as usize].index_of(kept.slot);
                match stack::push(&self.stack(class), index, index) {
                    Ok(()) => drop(self.inner.header.classes[class as usize].listed.fetch_add(1)),
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
    fn is_recovered(&self, Kept { slot, control }: Kept) -> bool {
        // SAFETY: it is a slot of this allocator.
        let found = Control(unsafe { self.inner.header(slot) }.control.load());
        found.id() == self.inner.id && found.generation() != control.generation()
    }

    /// Says in the arena how many slots of a class this thread keeps.
    fn tell(&self, class: u32) {
        if let Some(own) = self.own {
            self.inner.header.shards[own.shard()].kept[class as usize].store(own.cache.len(class));
        }
    }

    pub(crate) fn lost(&self) {
        self.inner.header.failed.fetch_add(1);
    }

    /// Goes on inside by the gate of a shard, which this thread has claimed with its number.
    pub(crate) fn change_gate(&mut self, own: Own, thread: u64) {
        let visitor =
            std::mem::replace(self, Inside { inner: self.inner, own: Some(own), gate: own.shard(), after: thread });
        drop(visitor);
    }

    fn stack(&self, class: u32) -> Stack<'_> {
        Stack { inner: self.inner, class }
    }

    /// Where the arena has the header of a class.
    #[cold]
    fn class_address(&self, class: u32) -> u64 {
        self.inner.arena.ptr_of(&self.inner.header.classes[class as usize]).map_or(0, ArenaPtr::address)
    }
}

/// The free slots of a class that no thread keeps.
pub(crate) struct Stack<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) class: u32,
}

impl Stack<'_> {
    fn slot(&self, index: u32) -> &SlotShared {
        self.inner.slot(SlotRef::new(self.class, index))
    }

    fn free(&self) -> &AtomicU64 {
        self.inner.header.classes[self.class as usize].free.atomic()
    }
}

impl Words for Stack<'_> {
    fn capacity(&self) -> u32 {
        self.inner.classes[self.class as usize].capacity
    }
    fn head(&self) -> u64 {
        self.free().load(Ordering::Acquire)
    }
    fn exchange_head(&self, current: u64, new: u64) -> bool {
        self.free().compare_exchange(current, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
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
