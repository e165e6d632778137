//! How slots come to objects and back: from those that a thread keeps, from the shared lists, and
//! from those that were never used.
//!
//! A thread touches shared memory only through [`Inside`], except for the words of slots that it
//! holds.

use std::any::type_name;
use std::ptr::{self, NonNull};
use std::sync::atomic::{Ordering, compiler_fence};

use super::cache::{Cache, Kept, Own};
use super::control::{self, Control, Holder};
use super::inner::{Inner, SlotRef, corrupt};
use super::layout::{SLOT_HEADER, SlotShared};
use super::lists::{Held, Inside};
use super::object::{Object, ObjectPtr};
use super::shard;
use crate::error::AllocError;
use crate::value::{ArenaPtr, MapValue, Storable};

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
            let mut taken = inside.take(class);
            if matches!(taken, Err(AllocError::OutOfSlots { .. })) && shard::reclaim(&inside) {
                taken = inside.take(class);
            }
            match taken {
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
        // SAFETY: the caller's promise. It is not used after the word says that the slot is kept,
        // nor is it an argument: a function may not free what its arguments refer to.
        let inner = unsafe { this.as_ref() };
        // The cache alone would not do: it may have been this thread's in an allocator that is
        // gone, and be another thread's in this one.
        let Some(own) = shard::last(inner).filter(|own| ptr::eq(own.cache, cache)) else { return false };
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
        Ok((slot.class, Held { slot: self.place(slot), control, own: Own::none() }))
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
            // It will be in no list, but free: whoever recovers the allocator finds it. It is
            // counted while it is held, since nobody drains the allocator meanwhile.
            if self.is_in_place() {
                self.header.failed.fetch_add(1);
            }
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

/// From a thread to the lists.
impl Inner {
    /// Enters the lists: by the gate of this thread's shard; or else as a visitor, who gets a shard
    /// if there is one.
    pub(crate) fn enter(&self) -> Result<Inside<'_>, AllocError> {
        let own = shard::of_this_thread(self);
        // In a forked child, a thread of the parent has the shard.
        if let Some(own) = own.filter(|own| own.cache.owner() != 0 && self.is_in_place()) {
            if let Some(inside) = self.enter_by(own)? {
                return Ok(inside);
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
}
