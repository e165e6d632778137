//! How slots come to objects and back: from those that a thread keeps, from the shared lists, and
//! from those that were never used.
//!
//! A thread touches what is shared only through [`Inside`], but for the words of slots that it
//! holds. So whoever drains the allocator can wait for it (`gate`), and nothing is written to a
//! place that is another's by then.

use std::any::type_name;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence, fence};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::{Cache, Kept, Own};
use super::config::Geometry;
use super::control::{self, Control, Holder, Word};
use super::gate::{self, Refused};
use super::inner::{Inner, SlotRef, corrupt};
use super::layout::{GATES, SHARDS, SLOT_HEADER, SlotShared, VISITORS};
use super::object::{Object, ObjectPtr};
use super::shard;
use super::stack::{self, Broken, Words};
use crate::error::AllocError;
use crate::sys::process::Thread;
use crate::value::{ArenaPtr, MapValue, Storable};

/// A slot that is held for an object, and its word.
pub(crate) struct Held {
    pub(crate) slot: NonNull<SlotShared>,
    pub(crate) control: Control,
    /// What its thread has, if that is named in the slot, or else [`Own::NONE`].
    pub(crate) own: Own,
}

/// What is corrupt if no exchange of a word ever succeeds.
const RESTLESS: &str = "a list of free slots, which somebody changes all the time,";
/// How long a thread waits for others that are inside, which they are for some hundred nanoseconds
/// unless they are stopped.
const PATIENCE: Duration = Duration::from_secs(1);

/// From a slot to an object.
impl Inner {
    /// Takes the slot that this thread put back last for an object, and counts that. `None` if
    /// there is none, or somebody wrote over its word; then nothing is changed.
    #[inline]
    pub(crate) fn take_last(&self, class: u32) -> Option<Held> {
        let own = shard::last(self)?;
        own.cache.pop_last_if(class, |kept| self.hold_kept(own, kept))
    }

    /// As `take_last`, for any slot that this thread keeps.
    #[inline(never)]
    pub(crate) fn take_kept(&self, class: u32) -> Option<Held> {
        let own = shard::of_this_thread(self)?;
        own.cache.pop_if(class, |kept| self.hold_kept(own, kept))
    }

    #[inline]
    fn hold_kept(&self, own: Own, Kept { slot, control }: Kept) -> Option<Held> {
        // SAFETY: what a thread keeps are slots of this allocator.
        let control = control::take(unsafe { self.header(slot) }.control.atomic(), control)?;
        own.balance.made();
        Some(Held { slot, control, own })
    }

    /// Takes a free slot for an object wherever there is one, and counts that: if its class has
    /// none, from the next class that has.
    #[cold]
    #[inline(never)]
    pub(crate) fn take(&self, class: u32) -> Result<(u32, Held), AllocError> {
        let inside = self.enter()?;
        let mut full = None;
        for class in class..self.class_count() {
            // Looked at before anything is changed, too.
            if self.header.state.load() != self.live {
                return Err(self.not_live());
            }
            match inside.take(class) {
                Ok(Some(held)) => {
                    self.keeper.made(inside.own);
                    return Ok((class, held));
                }
                Ok(None) => return Err(self.not_live()),
                Err(error @ AllocError::OutOfSlots { .. }) => _ = full.get_or_insert(error),
                Err(error) => {
                    full = Some(error);
                    break;
                }
            }
        }
        inside.lost();
        Err(full.unwrap_or_else(|| self.not_live()))
    }

    /// Makes an object in a slot that was taken.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `Allocator::alloc`")]
    pub(crate) fn make<T: Storable>(&self, class: u32, held: Held, value: T) -> Result<Object<T>, AllocError> {
        // Only now, behind the store to the slot's word: the thread that closes the allocator first
        // says so and then looks at the slots. So either this sees that it is closed, or that
        // thread sees that the slot was taken. It takes a full fence between the two, which a
        // thread that keeps slots leaves to the closing one (`Inner::barrier`); for every other it
        // is the exchange of `hand_out`.
        compiler_fence(Ordering::SeqCst);
        if self.header.state.load() != self.live {
            return Err(self.refuse(class, &held));
        }
        // SAFETY: it is a slot that was taken.
        unsafe { self.header(held.slot) }.type_id.store(const { T::LAYOUT.type_id() });
        // SAFETY: `class_of` has found that a `T` fits, and that it is aligned; the slot is one of
        // this class that is held for an object, and was counted.
        let object = unsafe { self.object(class, held) };
        T::__store(&object, &value);
        Ok(object)
    }

    /// As `make`, in any slot.
    #[inline(never)]
    pub(crate) fn make_slowly<T: Storable>(&self, class: u32, value: T) -> Result<Object<T>, AllocError> {
        let (class, held) = match self.take_kept(class) {
            Some(held) => (class, held),
            None => self.take(class)?,
        };
        self.make(class, held, value)
    }

    /// Gives a slot back that was taken before it was seen that there shall be no objects; why not.
    #[cold]
    pub(crate) fn refuse(&self, class: u32, held: &Held) -> AllocError {
        // SAFETY: it is a slot of this allocator, and there is a handle to that.
        unsafe { Self::free_held(NonNull::from(self), class, held.slot, held.control) };
        self.not_live()
    }

    /// The object in a slot that is held for one.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator and class, with room for a `T`, which is aligned
    /// there, and its word says that an object holds it, which was counted (`Keeper::made`).
    #[inline]
    pub(crate) unsafe fn object<T: MapValue>(&self, class: u32, Held { slot, control, own }: Held) -> Object<T> {
        // SAFETY: behind the header of a slot there are `value_size` bytes, inside the arena
        // (`config::read`).
        let value = unsafe { slot.byte_add(SLOT_HEADER) };
        // SAFETY: the caller's promise.
        unsafe { Object::new(value.cast(), control, class, own, NonNull::from(self)) }
    }
}

/// From an object to a slot.
impl Inner {
    /// Frees the slot of an object, which no other thread can, and counts that, if this thread can
    /// keep it as the last; whether it does. The slot names the thread with this cache.
    ///
    /// # Safety
    ///
    /// `this` is alive, as the object that holds the slot keeps it, and may be gone afterwards.
    /// `slot` is the place of a slot of it.
    #[inline]
    pub(crate) unsafe fn keep_held(
        this: NonNull<Self>,
        class: u32,
        slot: NonNull<SlotShared>,
        held: Control,
        cache: &'static Cache,
    ) -> bool {
        let Some(own) = shard::last_with(cache) else { return false };
        // SAFETY: the caller's promise. It is not used after the word says that the slot is kept,
        // nor is it an argument: a function may not free what its arguments refer to.
        let inner = unsafe { this.as_ref() };
        // SAFETY: the caller's promise.
        let (keeper, word) = (inner.keeper, unsafe { &inner.header(slot).control });
        let control = held.held_by(Holder::Kept);
        if word.load() != held.0 || !own.cache.push_last(class, Kept { slot, control }) {
            return false;
        }
        word.store_release(control.0);
        keeper.gone(Some(own));
        true
    }

    /// Frees the slot of an object, which no other thread can, and counts that.
    ///
    /// # Safety
    ///
    /// As for `keep_held`.
    #[inline(never)]
    pub(crate) unsafe fn free_held(this: NonNull<Self>, class: u32, slot: NonNull<SlotShared>, held: Control) {
        // SAFETY: the caller's promise. The reference is not used after `gone`.
        let inner = unsafe { this.as_ref() };
        inner.put_back(class, slot, held);
        // Only now: the thread may have got another shard.
        let (keeper, own) = (inner.keeper, shard::of_this_thread(inner));
        keeper.gone(own);
    }

    /// Hands over the slot of an object, and counts that it is not this process's any more.
    ///
    /// # Safety
    ///
    /// As for `keep_held`.
    pub(crate) unsafe fn hand_over(this: NonNull<Self>, slot: NonNull<SlotShared>, held: Control) {
        // SAFETY: the caller's promise. The reference is not used after `gone`.
        let inner = unsafe { this.as_ref() };
        // SAFETY: the caller's promise.
        if !control::let_go(unsafe { inner.header(slot) }.control.atomic(), held, Holder::Shared) {
            inner.lost();
        }
        let (keeper, own) = (inner.keeper, shard::of_this_thread(inner));
        keeper.gone(own);
    }

    /// Frees an object of type `T` that was handed over.
    pub(crate) fn free<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(), AllocError> {
        let (class, held) = self.claim(ptr)?;
        self.put_back(class, held.slot, held.control);
        Ok(())
    }

    /// Makes an object of type `T` that was handed over one that this process holds. It is not
    /// counted.
    pub(crate) fn claim<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(u32, Held), AllocError> {
        let (slot, found) = self.find(ptr)?;
        let control = control::exchange(self.slot(slot).control.atomic(), found, Holder::Object)
            .map_err(|now| self.not_shared(self.address_at(slot), now, found.generation()))?;
        Ok((slot.class, Held { slot: self.place(slot), control, own: Own::NONE }))
    }

    /// The slot of an object of type `T` that was handed over, and its word.
    fn find<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(SlotRef, Control), AllocError> {
        if !self.is_in_place() {
            return Err(self.not_live());
        }
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
        // Anybody can write there that it is of any type, and two types in a great many have one
        // number.
        if T::LAYOUT.size() > self.classes[slot.class as usize].value_size as usize {
            return Err(corrupt("the type of an object that is too small for it,", ptr.address() - 8, found.into()));
        }
        Ok((slot, control))
    }

    /// Why a slot is not one that was handed over.
    #[cold]
    fn not_shared(&self, at: u64, control: Control, expected: u32) -> AllocError {
        match control.holder() {
            _ if control.id() != self.id => corrupt("the word of a slot", at - SLOT_HEADER as u64, control.0),
            Holder::Free | Holder::Kept => AllocError::AlreadyFree { at },
            _ if control.generation() != expected => AllocError::Stale { at, expected, found: control.generation() },
            Holder::Object | Holder::Shared => AllocError::Owned { at },
        }
    }

    /// The slot of an object goes to those that this thread keeps. If those are as many as can be,
    /// it goes to the list, and half of those with it.
    fn put_back(&self, class: u32, slot: NonNull<SlotShared>, held: Control) {
        // SAFETY: it is the slot of an object of this allocator, or one that was found among its
        // slots.
        let header = unsafe { self.header(slot) };
        if let Some(own) = shard::of_this_thread(self).filter(|own| own.cache.has_room(class)) {
            // First: once it is kept, it is for whoever takes back what a thread that is gone has
            // kept.
            header.next.store(own.mark());
            let kept = Kept { slot, control: held.held_by(Holder::Kept) };
            if control::let_go(header.control.atomic(), held, Holder::Kept) {
                own.cache.push(class, kept);
            } else {
                self.lost();
            }
        } else if let Ok(inside) = self.enter() {
            inside.spill(class, Kept { slot, control: held });
        } else {
            // It is in no list, but free: while somebody recovers the allocator, which finds it.
            control::let_go(header.control.atomic(), held, Holder::Free);
        }
    }

    /// Counts that somebody wrote over the word of a slot, which is not this thread's to undo. It
    /// is found when the allocator is recovered.
    #[cold]
    fn lost(&self) {
        if let Ok(inside) = self.enter() {
            inside.lost();
        }
    }
}

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

    /// Enters the lists: by the gate of this thread's shard; or else as a visitor, who gets a shard
    /// if there is one.
    pub(crate) fn enter(&self) -> Result<Inside<'_>, AllocError> {
        let own = shard::of_this_thread(self);
        // In a forked child, a thread of the parent has the shard.
        if let Some(own) = own.filter(|own| own.cache.owner() != 0 && self.is_in_place()) {
            let (gate, thread) = (own.shard(), own.cache.owner());
            match gate::enter(self.gate(gate), thread, thread, || self.is_in_place()) {
                Ok(()) => return Ok(Inside { inner: self, own: Some(own), gate, after: thread }),
                Err(Refused::Gone) => return Err(self.not_live()),
                // Somebody has written over it, or recovered the allocator.
                Err(Refused::Taken) => {}
            }
        }
        let mut inside = self.visit()?;
        if let Some(own) = own {
            inside.empty(own);
            shard::forget(self, own);
        }
        shard::claim(&mut inside);
        Ok(inside)
    }

    /// Enters as a visitor.
    pub(crate) fn visit(&self) -> Result<Inside<'_>, AllocError> {
        let (here, after) = (Thread::current(), self.vacant());
        let start = Instant::now();
        let mut gate = SHARDS;
        for turn in (here.number >> 1) as usize.. {
            // First: a page that was given back is not to be touched.
            if !self.is_in_place() {
                return Err(self.not_live());
            }
            gate = SHARDS + turn % VISITORS;
            let found = self.gate(gate).load(Ordering::Relaxed);
            // A gate that nobody uses, or after a while one that somebody wrote over, or died
            // behind.
            let is_usable = || match gate::inside(self.gate(gate)) {
                None => true,
                Some(thread) => self.is_gone(gate, thread),
            };
            let is_late = start.elapsed() > PATIENCE / 100;
            let before = (found == after || is_late && is_usable()).then_some(found);
            let entered = before.map(|before| gate::enter(self.gate(gate), before, here.number, || self.is_in_place()));
            match entered {
                Some(Ok(())) => {
                    self.header.shards[gate].space.store_release(here.space);
                    return Ok(Inside { inner: self, own: None, gate, after });
                }
                Some(Err(Refused::Gone)) => return Err(self.not_live()),
                _ if start.elapsed() > PATIENCE => break,
                _ => thread::yield_now(),
            }
        }
        let at = self.arena.ptr_of(&self.header.shards[gate]).map_or(0, ArenaPtr::address);
        Err(corrupt("the gate of visitors, which somebody keeps closed,", at, self.gate(gate).load(Ordering::Relaxed)))
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
        let start = Instant::now();
        loop {
            let is_inside =
                |gate: &usize| gate::inside(self.gate(*gate)).is_some_and(|thread| !self.is_gone(*gate, thread));
            let inside = (0..GATES).filter(is_inside).count() as u64;
            if inside == 0 || start.elapsed() > PATIENCE {
                // What they have written is written before whatever is done with the place.
                fence(Ordering::SeqCst);
                return inside;
            }
            thread::sleep(PATIENCE / 10_000);
        }
    }
}

/// The lists.
impl Inside<'_> {
    /// Takes a slot of a class for an object: one that this thread keeps, or that is in the list,
    /// or was never used; and some more for the thread to keep. `None` if there shall be no
    /// objects.
    fn take(&self, class: u32) -> Result<Option<Held>, AllocError> {
        while let Some(kept) = self.own.and_then(|own| own.cache.pop(class)) {
            // SAFETY: what a thread keeps are slots of this allocator.
            let word = unsafe { &self.inner.header(kept.slot).control };
            if let Some(control) = control::take(word.atomic(), kept.control) {
                return Ok(Some(Held { slot: kept.slot, control, own: self.own.unwrap_or(Own::NONE) }));
            }
            if !self.is_recovered(kept) {
                return Err(self.not_free(class, kept.slot));
            }
        }
        let index = match self.pop_some(class) {
            Err(AllocError::OutOfSlots { .. }) if shard::reclaim(self) => self.pop_some(class),
            popped => popped,
        };
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
        Ok(Some(Held { slot: place, control, own: self.own.unwrap_or(Own::NONE) }))
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
        let (header, own) = (self.inner.slot(slot), self.own.unwrap_or(Own::NONE));
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
    fn spill(&self, class: u32, held: Kept) {
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

    fn lost(&self) {
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
