//! How slots come to objects and back: from those that a thread keeps, from the shared lists, and
//! from those that were never used.
//!
//! A thread touches shared memory only through [`Inside`], except for the words of slots that it
//! holds.

use std::any::type_name;
use std::ptr::{self, NonNull};
use std::sync::atomic::{Ordering, compiler_fence};

use super::cache::{Cache, Kept, Own};
use super::class::Class;
use super::layout::SLOT_HEADER;
use super::lists::{Held, Inside};
use super::object::{Object, ObjectPtr};
use super::opened::{Opened, corrupt};
use super::protocol::{self, Control, Holder};
use super::shard;
use crate::error::AllocError;
use crate::value::{ArenaPtr, MapValue, Storable};

impl Opened {
    /// Takes the slot that this thread put back last for an object, and counts that. `None` if
    /// there is none, or somebody wrote over its word; then nothing is changed.
    #[inline]
    pub(crate) fn take_last(&self, class: u32) -> Option<Held> {
        let own = shard::last(self)?;
        own.cache.pop_last_if(class, |kept| self.hold_kept(own, kept))
    }

    /// As `take_last`, for any slot that this thread keeps.
    #[inline(never)]
    fn take_kept(&self, class: u32) -> Option<Held> {
        let own = shard::of_this_thread(self)?;
        own.cache.pop_if(class, |kept| self.hold_kept(own, kept))
    }

    #[inline]
    fn hold_kept(&self, own: Own, kept: Kept) -> Option<Held> {
        let control = protocol::take(self.slot(kept).control.atomic(), kept.control)?;
        self.keeper.count.made(Some(own.balance));
        Some((Kept { control, ..kept }, Some(own)))
    }

    /// Takes a free slot for an object wherever there is one, and counts that: if its class has
    /// none, from the next class that has.
    #[cold]
    #[inline(never)]
    fn take(&self, class: u32) -> Result<(u32, Held), AllocError> {
        let inside = self.enter()?;
        let mut full = None;
        for class in self.classes().skip(class as usize) {
            // Looked at before anything is changed, too.
            if self.header.state.load() != self.live {
                return Err(self.not_live());
            }
            let mut taken = inside.take(class);
            if matches!(taken, Err(AllocError::OutOfSlots { .. })) && shard::reclaim(&inside) {
                taken = inside.take(class);
            }
            match taken {
                Ok(held) => {
                    self.keeper.count.made(inside.own.map(|own| own.balance));
                    return Ok((class.number, held));
                }
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
        // thread that keeps slots leaves to the closing one (`Opened::barrier`); for every other it
        // is the exchange of `hand_out`.
        compiler_fence(Ordering::SeqCst);
        if self.header.state.load() != self.live {
            return Err(self.refuse(class, held.0));
        }
        self.slot(held.0).type_id.store(const { T::LAYOUT.type_id() });
        // SAFETY: `class_of` has found that a `T` fits, and that it is aligned, and later classes
        // have no smaller values (`config::read`); the slot is one of this class that is held for
        // an object, and was counted.
        let object = unsafe { Object::new(self, class, held) };
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
    fn refuse(&self, class: u32, held: Kept) -> AllocError {
        // SAFETY: it is a slot of this allocator, and there is a handle to that.
        unsafe { Self::give_up(NonNull::from(self), class, held, Holder::Free) };
        self.not_live()
    }

    /// Frees the slot of an object, which no other thread can, and counts that, if this thread can
    /// keep it as the last; whether it does. The slot names the thread with this cache.
    ///
    /// # Safety
    ///
    /// `this` is alive, as the object that holds the slot keeps it, and may be gone afterwards.
    /// `held` is a slot of it.
    #[inline]
    pub(crate) unsafe fn keep_held(this: NonNull<Self>, class: u32, held: Kept, cache: *const Cache) -> bool {
        // SAFETY: the caller's promise. It is not used after the word says that the slot is kept,
        // nor is it an argument: a function may not free what its arguments refer to.
        let opened = unsafe { this.as_ref() };
        // The cache alone would not do: it may have been this thread's in an allocator that is
        // gone, and be another thread's in this one.
        let Some(own) = shard::last(opened).filter(|own| ptr::eq(own.cache, cache)) else { return false };
        let (keeper, word) = (opened.keeper, &opened.slot(held).control);
        let control = held.control.held_by(Holder::Kept);
        if word.load() != held.control.0 || !own.cache.push_last(class, Kept { control, ..held }) {
            return false;
        }
        word.store_release(control.0);
        keeper.gone(Some(own));
        true
    }

    /// Frees the slot of an object, which no other thread can, or hands it over, and counts that
    /// the object is not this process's any more.
    ///
    /// # Safety
    ///
    /// As for `keep_held`.
    #[inline(never)]
    pub(crate) unsafe fn give_up(this: NonNull<Self>, class: u32, held: Kept, to: Holder) {
        // SAFETY: the caller's promise. The reference is not used after `gone`.
        let opened = unsafe { this.as_ref() };
        match to {
            Holder::Shared if opened.let_go(held, to) => {}
            Holder::Shared => opened.lost(),
            _ => opened.put_back(opened.class(class), held),
        }
        // Only now: the thread may have got another shard.
        let (keeper, own) = (opened.keeper, shard::of_this_thread(opened));
        keeper.gone(own);
    }

    /// Gives a slot that this thread holds or keeps into other hands; `false` if somebody wrote
    /// over its word (`protocol::let_go`).
    pub(crate) fn let_go(&self, held: Kept, to: Holder) -> bool {
        protocol::let_go(self.slot(held).control.atomic(), held.control, to)
    }

    /// Makes an object of type `T` that was handed over one that this process holds. It is not
    /// counted.
    pub(crate) fn claim<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(Class<'_>, Kept), AllocError> {
        self.in_place()?;
        let (address, generation) = ptr.parts();
        let ptr = self.arena.full(ArenaPtr::<T>::from_address(address));
        self.arena.get_ro(ptr)?;
        let at = ptr.address();
        let (class, index) = self.slot_at(at)?;
        let slot = class.slot(index);
        let control = Control(slot.control.load_acquire());
        let generation = generation.unwrap_or(control.generation());
        if control != Control::new(self.id, Holder::Shared, generation) {
            return Err(self.not_shared(at, control, generation));
        }
        let (found, expected) = (slot.type_id.load(), const { T::LAYOUT.type_id() });
        if found != expected {
            return Err(AllocError::WrongType { at, type_name: type_name::<T>(), expected, found });
        }
        // Anybody can write there that it is of any type, and two types in a great many have one
        // number.
        if T::LAYOUT.size() > class.shape.value_size as usize {
            return Err(corrupt("the type of an object that is too small for it,", at - 8, found.into()));
        }
        let control = protocol::exchange(slot.control.atomic(), control, Holder::Object)
            .map_err(|now| self.not_shared(at, now, generation))?;
        Ok((class, Kept { slot: class.place(index), control }))
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
    pub(crate) fn put_back(&self, class: Class<'_>, held: Kept) {
        if let Some(own) = shard::of_this_thread(self).filter(|own| own.cache.has_room(class.number)) {
            // First: once it is kept, it is for whoever takes back what a thread that is gone has
            // kept.
            self.slot(held).next.store(own.mark());
            if self.let_go(held, Holder::Kept) {
                own.cache.push(class.number, Kept { control: held.control.held_by(Holder::Kept), ..held });
            } else {
                self.lost();
            }
        } else if let Ok(inside) = self.enter() {
            inside.spill(class, held);
        } else {
            // It will be in no list, but free: whoever recovers the allocator finds it. It is
            // counted while it is held, since nobody drains the allocator meanwhile.
            if self.in_place().is_ok() {
                self.header.failed.fetch_add(1);
            }
            self.let_go(held, Holder::Free);
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

    /// Enters the lists: by the gate of this thread's shard; or else as a visitor, who gets a shard
    /// if there is one.
    pub(crate) fn enter(&self) -> Result<Inside<'_>, AllocError> {
        let own = shard::of_this_thread(self);
        // In a forked child, a thread of the parent has the shard.
        if let Some(own) = own.filter(|own| own.cache.owner() != 0 && self.in_place().is_ok()) {
            // If not, somebody has written over its gate, or has recovered the allocator.
            if let Some(inside) = self.enter_by(own.shard(), own.cache.owner(), Some(own))? {
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
