//! How slots come to objects and back: from what a thread keeps, from lists, and from those that were never used.

use super::inner::POOL;
use std::any::type_name;
use std::ptr::NonNull;

use crate::arena::alloc::cache::Kept;
use crate::arena::alloc::config::Geometry;
use crate::arena::alloc::control;
use crate::arena::alloc::control::{Control, Holder};
use crate::arena::alloc::inner::{Inner, SlotRef, corrupt};
use crate::arena::alloc::layout::{SLOT_HEADER, SlotShared};
use crate::arena::alloc::list::List;
use crate::arena::alloc::object::{Object, ObjectPtr};
use crate::arena::alloc::own::Own;
use crate::arena::alloc::shard;
use crate::arena::alloc::stack;
use crate::arena::alloc::stack::Broken;
use crate::error::AllocError;
use crate::value::{ArenaPtr, MapValue};

/// A slot that is held for an object, and its word.
pub(crate) struct Held {
    pub(crate) slot: NonNull<SlotShared>,
    pub(crate) control: Control,
}

/// What is corrupt if no exchange of a word ever comes to pass.
const RESTLESS: &str = "a list of free slots, which somebody changes all the time,";

impl Inner {
    /// What this thread has for itself.
    pub(crate) fn own(&self) -> Option<Own> {
        shard::of_this_thread(self)
    }

    /// Takes the slot that this thread put back last, for an object, and counts that; `None` if there is none, or its word has been written
    /// over, and then nothing is changed.
    #[inline]
    pub(crate) fn take_last(&self, class: u32) -> Option<Held> {
        let own = shard::last(self)?;
        own.cache.pop_last_if(class, |kept| self.hold_kept(own, kept))
    }

    /// Takes any that this thread keeps.
    #[inline(never)]
    pub(crate) fn take_kept(&self, class: u32) -> Option<Held> {
        let own = self.own()?;
        own.cache.pop_if(class, |kept| self.hold_kept(own, kept))
    }

    /// Makes a slot that this thread keeps that of an object; `None` if its word has been written over.
    #[inline]
    pub(crate) fn hold_kept(&self, own: Own, Kept { slot, control }: Kept) -> Option<Held> {
        // SAFETY: what a thread keeps are slots of this allocator.
        let control = control::take(unsafe { self.header(slot) }.control.atomic(), control)?;
        own.balance.made();
        Some(Held { slot, control })
    }

    /// Takes a free slot for an object wherever there is one, and counts that.
    #[cold]
    #[inline(never)]
    pub(crate) fn take(&self, class: u32) -> Result<Held, AllocError> {
        // Looked at before anything is changed as well: if it was closed, what is there can be another's.
        let state = self.header.state.load();
        if state != self.live {
            return Err(self.not_live(state));
        }
        let own = self.own_of_this_process(self.own());
        let taken = self.take_shared(own, class);
        match taken {
            Ok(_) => self.keeper.made(own),
            Err(_) => drop(self.header.failed.fetch_add(1)),
        }
        if let Some(own) = own {
            self.tell(own, class);
        }
        taken
    }

    pub(crate) fn take_shared(&self, own: Option<Own>, class: u32) -> Result<Held, AllocError> {
        while let Some(kept) = own.and_then(|own| own.cache.pop(class)) {
            // SAFETY: what a thread keeps are slots of this allocator.
            let word = unsafe { &self.header(kept.slot).control };
            if let Some(control) = control::take(word.atomic(), kept.control) {
                return Ok(Held { slot: kept.slot, control });
            }
            if !self.is_recovered(kept) {
                return Err(self.not_free(class, kept.slot));
            }
        }
        let index = self.pop_shared(own, class)?;
        self.hold(SlotRef::new(class, index))
    }

    /// Gives a slot back that was taken before it was seen that there shall be no objects; why not.
    #[cold]
    pub(crate) fn refuse(&self, class: u32, Held { slot, control }: Held, state: u32) -> AllocError {
        // SAFETY: it is a slot of this allocator.
        unsafe { self.free_held(class, slot, control) };
        self.not_live(state)
    }

    /// Makes a slot that came from a list that of an object.
    pub(crate) fn hold(&self, slot: SlotRef) -> Result<Held, AllocError> {
        let word = self.slot(slot).control.atomic();
        match control::hand_out(word, self.free) {
            Ok(control) => Ok(Held { slot: self.place(slot), control }),
            Err(_) => Err(self.not_free(slot.class, self.place(slot))),
        }
    }

    #[cold]
    pub(crate) fn not_free(&self, class: u32, slot: NonNull<SlotShared>) -> AllocError {
        // SAFETY: it is a slot of this allocator.
        let found = unsafe { self.header(slot) }.control.load();
        corrupt("the word of a free slot", self.classes[class as usize].address_of(slot), found)
    }

    /// The object in a slot that is held for one.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator and class, with room for a `T`, which is aligned there, and its word says that an object holds
    /// it, which was counted (`Keeper::made`).
    #[inline]
    pub(crate) unsafe fn object<T: MapValue>(&self, class: u32, Held { slot, control }: Held) -> Object<T> {
        // SAFETY: behind the header of a slot there are `value_size` bytes, inside of the arena (`config::read`).
        let value = unsafe { slot.byte_add(SLOT_HEADER) };
        // SAFETY: the caller's promise.
        unsafe { Object::new(value.cast(), control, class, NonNull::from(self)) }
    }

    /// Frees the slot of an object, which nobody else can, and counts that, if this thread can keep it as the last: whether it does. After it has,
    /// the allocator may be gone.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline]
    pub(crate) unsafe fn keep_held(&self, class: u32, slot: NonNull<SlotShared>, held: Control) -> bool {
        let (keeper, Some(own)) = (self.keeper, shard::last(self)) else { return false };
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header(slot).control };
        let control = held.held_by(Holder::Kept);
        if word.load() != held.0 || !own.cache.push_last(class, Kept { slot, control }) {
            return false;
        }
        word.store_release(control.0);
        // Nothing of `self` is used after this.
        keeper.gone(Some(own));
        true
    }

    /// Hands over the slot of an object.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    pub(crate) unsafe fn hand_over(&self, slot: NonNull<SlotShared>, held: Control) {
        // SAFETY: the caller's promise.
        if !control::let_go(unsafe { self.header(slot) }.control.atomic(), held, Holder::Shared) {
            self.lost();
        }
    }

    /// Frees the slot of an object, which nobody else can, and counts that. After it has, the allocator may be gone.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline(never)]
    pub(crate) unsafe fn free_held(&self, class: u32, slot: NonNull<SlotShared>, held: Control) {
        let (keeper, own) = (self.keeper, self.own());
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header(slot).control };
        if control::let_go(word.atomic(), held, Holder::Kept) {
            self.put_back(own, class, Kept { slot, control: held.held_by(Holder::Kept) });
        } else {
            self.lost();
        }
        // Nothing of `self` is used after this.
        keeper.gone(own);
    }

    /// Exchanges the word of a slot that somebody else might exchange as well; the new one.
    pub(crate) fn exchange(
        &self,
        class: u32,
        slot: NonNull<SlotShared>,
        found: Control,
        to: Holder,
    ) -> Result<Control, AllocError> {
        // SAFETY: `find` has found it among the slots.
        let word = unsafe { self.header(slot) }.control.atomic();
        control::exchange(word, found, to)
            .map_err(|now| self.not_shared(self.address_of(class, slot), now, found.generation()))
    }

    /// The slot of an object of type `T` that was handed over, with its class and its word.
    pub(crate) fn find<T: MapValue>(
        &self,
        ptr: impl ObjectPtr<T>,
    ) -> Result<(u32, NonNull<SlotShared>, Control), AllocError> {
        let (address, generation) = ptr.parts();
        let ptr = self.arena.full(ArenaPtr::<T>::from_address(address));
        self.arena.get_ro(ptr)?;
        let slot = self.slot_at(ptr.address())?;
        let header = self.slot(slot);
        let control = Control(header.control.load_acquire());
        let expected = generation.unwrap_or(control.generation());
        if control != Control::new(self.id, Holder::Shared, expected) {
            return Err(self.not_shared(ptr.address(), control, expected));
        }
        let (found, expected) = (header.type_id.load(), const { T::LAYOUT.type_id() });
        if found != expected {
            return Err(AllocError::WrongType { at: ptr.address(), type_name: type_name::<T>(), expected, found });
        }
        // What was written there may say so of any slot, and of two types in a great many the number is the same.
        if T::LAYOUT.size() > self.classes[slot.class as usize].value_size as usize {
            return Err(corrupt("the type of an object that is too small for it,", ptr.address() - 8, found.into()));
        }
        Ok((slot.class, self.place(slot), control))
    }
}

/// Free slots.
impl Inner {
    /// Pops one of those that are nobody's, or takes one that was never used; some more for the thread to keep.
    pub(crate) fn pop_shared(&self, own: Option<Own>, class: u32) -> Result<u32, AllocError> {
        let more = if own.is_some() { self.magazine / 2 } else { 0 };
        let mut first = None;
        for _ in 0..=more {
            match (self.pop_listed(class), first) {
                (Ok(Some(index)), None) => first = Some(index),
                (Ok(Some(index)), Some(_)) => self.keep(own, SlotRef::new(class, index)),
                (Err(error), None) => return Err(error),
                _ => break,
            }
        }
        if let Some(first) = first {
            return Ok(first);
        }
        let mut fresh = self.take_fresh(class, more + 1)?;
        let Some(first) = fresh.next() else {
            let Geometry { capacity, value_size, .. } = self.classes[class as usize];
            return Err(AllocError::OutOfSlots { capacity, value_size });
        };
        fresh.for_each(|index| self.keep(own, SlotRef::new(class, index)));
        Ok(first)
    }

    pub(crate) fn pop_listed(&self, class: u32) -> Result<Option<u32>, AllocError> {
        let popped = stack::pop(&List { inner: self, class }).map_err(|broken| match broken {
            Broken::Link(link) => corrupt("a list of free slots", self.class_address(class), link.into()),
            Broken::Restless(head) => corrupt(RESTLESS, self.class_address(class), head),
        })?;
        if popped.is_some() {
            self.header.classes[class as usize].listed.fetch_sub(1);
        }
        Ok(popped)
    }

    /// Slots that were never used, at most `most`.
    pub(crate) fn take_fresh(&self, class: u32, most: u32) -> Result<std::ops::Range<u32>, AllocError> {
        let (capacity, fresh) = (self.classes[class as usize].capacity, &self.header.classes[class as usize].fresh);
        for _ in 0..stack::TRIES {
            let start = fresh.load().min(capacity);
            let end = start.saturating_add(most).min(capacity);
            if start == end {
                return Ok(0..0);
            }
            if fresh.compare_exchange(start, end).is_ok() {
                for index in start..end {
                    // What is in the memory of a new allocator is left open. The next generation: what was here before can have been another
                    // allocator, of which somebody keeps the slot.
                    let control = &self.slot(SlotRef::new(class, index)).control;
                    let generation = Control(control.load()).generation().wrapping_add(1);
                    control.store(Control::new(self.id, Holder::Free, generation).0);
                }
                return Ok(start..end);
            }
        }
        Err(corrupt(RESTLESS, self.class_address(class), fresh.load().into()))
    }

    /// Has this thread keep a free slot that is in no list.
    pub(crate) fn keep(&self, own: Option<Own>, slot: SlotRef) {
        match control::keep(self.slot(slot).control.atomic(), self.free) {
            Ok(control) => self.put_back(own, slot.class, Kept { slot: self.place(slot), control }),
            Err(_) => self.lost(),
        }
    }

    /// A slot whose word says that it is kept goes to those that this thread keeps. If they are as many as can be, it goes to all, and half of
    /// those with it.
    pub(crate) fn put_back(&self, own: Option<Own>, class: u32, kept: Kept) {
        if own.is_some_and(|own| own.cache.push(class, kept)) {
            return;
        }
        self.list(class, kept);
        if let Some(own) = self.own_of_this_process(own) {
            for _ in 0..self.magazine / 2 {
                let Some(kept) = own.cache.pop(class) else { break };
                self.list(class, kept);
            }
            if self.is_in_place() {
                self.tell(own, class);
            }
        }
    }

    /// What this thread has for itself, if it may be that of the parent of this process.
    pub(crate) fn own_of_this_process(&self, own: Option<Own>) -> Option<Own> {
        own.and_then(|own| if self.is_wiped(own) { shard::find_another(self, own) } else { Some(own) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let claimed = *self.claimed.get_mut();
        shard::shards_in(claimed).for_each(|shard| self.release_shard(shard));
        self.keeper.give_back(&POOL);
    }
}
