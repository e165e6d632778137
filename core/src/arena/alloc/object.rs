//! [`Object`]: a typed object in an arena, owned; and how objects get slots and give them back. A
//! thread touches shared memory only through [`Inside`], except the words of slots that it holds.

use std::any::type_name;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, compiler_fence};

use super::cache::{Kept, Own};
use super::layout::SLOT_HEADER;
use super::lists::Inside;
use super::opened::{Class, Opened, corrupt};
use super::protocol::{self, Control, Holder};
use super::shard;
use crate::error::AllocError;
use crate::handle::shown::Shown;
use crate::value::{ArenaPtr, Kptr, Local, MapValue, ReadWrite, Storable};

/// A `T` in an arena that belongs to this handle alone, and is freed when that is dropped.
///
/// It dereferences to the mirror of `T`, as a [`Var`](crate::Var) does: BPF programs that know the
/// place read and write it at the same time. Nobody else can free it. Hand it over with
/// [`into_kptr`](Self::into_kptr) or [`into_ptr`](Self::into_ptr). The next owner of the pointer
/// makes it an `Object` again with [`Allocator::claim`](super::Allocator::claim).
///
/// It keeps the arena mapped, even without a handle to the allocator. Any thread can drop it.
///
/// ```
/// # use mapvalue::{AllocError, Allocator, Arena, Object, arena::Config};
/// # let arena = Arena::memfd(16)?;
/// let config = Config { value_size: 8, capacity: 1, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?;
/// let count: Object<u64> = objects.alloc(7u64)?;
/// count.fetch_add(1);
/// assert_eq!(arena.get(count.as_ptr())?.load(), 8); // a program with the pointer sees it
/// let first = count.into_kptr(); // handed over
/// objects.free(first)?;
/// let second = objects.alloc(2u64)?.into_kptr(); // the same slot
/// assert_eq!(first.offset(), second.offset());
/// assert!(matches!(objects.free(first), Err(AllocError::Stale { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Object<T: MapValue> {
    value: NonNull<T::Shared<ReadWrite>>,
    /// What the slot's control word is while this has it.
    control: Control,
    class: u32,
    opened: NonNull<Opened>,
}

// SAFETY: an object is a pointer into memory that lives as long as it does, through which only
// `&T::Shared` is given out, which is `Send + Sync`; and a pointer to an `Opened`, which is `Send +
// Sync`.
unsafe impl<T: MapValue> Send for Object<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: MapValue> Sync for Object<T> {}

impl<T: MapValue> Object<T> {
    /// The object in a slot that is held for one.
    ///
    /// # Safety
    ///
    /// It is a slot of this allocator and class, with room for an aligned `T`. Its word says that
    /// an object holds it, which the keeper of `opened` has counted.
    #[inline]
    pub(crate) unsafe fn new(opened: &Opened, class: u32, kept: Kept) -> Self {
        // SAFETY: behind the header of a slot there are `value_size` bytes, inside the arena
        // (`config::read`). This has the provenance of all of the slot.
        let value = unsafe { kept.slot.byte_add(SLOT_HEADER) }.cast();
        Self { value, control: kept.control, class, opened: NonNull::from(opened) }
    }

    /// Returns the pointer to it, as memory of the arena holds it. That does not keep it alive.
    pub fn as_ptr(&self) -> ArenaPtr<T> {
        // SAFETY: the keeper of an allocator keeps its `Opened` while an object that it has counted
        // was not counted as gone (`Count::objects`), which `drop` and `hand_over` do last.
        ArenaPtr::from_address(unsafe { self.opened.as_ref() }.address(&**self))
    }

    /// Hands it over, as a pointer.
    ///
    /// Nobody owns it then: store the pointer where its next owner finds it, who claims it, or
    /// frees it: by [`Allocator::free`](super::Allocator::free), or a BPF program's `mv_obj_free`.
    #[must_use = "whoever has the pointer frees it"]
    pub fn into_ptr(self) -> ArenaPtr<T> {
        let ptr = self.as_ptr();
        self.hand_over();
        ptr
    }

    /// Hands it over, as a pointer that also names the generation of the slot.
    ///
    /// If the slot was freed and used again, the pointer is known to be stale, unless it is very
    /// old: the same generation comes again after 2^32 hand-outs, in 52 seconds of nothing else.
    #[must_use = "whoever has the pointer frees it"]
    pub fn into_kptr(self) -> Kptr<T, Local> {
        let kptr = Kptr::local(self.as_ptr().offset(), self.control.generation());
        self.hand_over();
        kptr
    }

    fn hand_over(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: it is a slot of `opened`, which this keeps until then.
        unsafe { Opened::give_up(this.opened, this.class, this.held(), Holder::Shared) };
    }

    #[inline]
    fn held(&self) -> Kept {
        // SAFETY: before the value there is the header of its slot (`new`).
        Kept { slot: unsafe { self.value.byte_sub(SLOT_HEADER) }.cast(), control: self.control }
    }
}

impl<T: MapValue> Drop for Object<T> {
    #[inline]
    fn drop(&mut self) {
        let (opened, class, held) = (self.opened, self.class, self.held());
        // SAFETY: it is a slot of `opened`, which this keeps until then.
        if !unsafe { Opened::keep_held(opened, class, held) } {
            // SAFETY: as above; nothing was done.
            unsafe { Opened::give_up(opened, class, held, Holder::Free) };
        }
    }
}

impl<T: MapValue> Deref for Object<T> {
    type Target = T::Shared<ReadWrite>;

    #[inline]
    fn deref(&self) -> &T::Shared<ReadWrite> {
        // SAFETY: by the promise to `new` the place was checked for a `T`, as in `Arena::get`; the
        // `Opened`, which this keeps (see `as_ptr`), has a share in the mapping.
        unsafe { self.value.as_ref() }
    }
}

impl<T: MapValue + fmt::Debug> fmt::Debug for Object<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("Object");
        match T::__try_load::<ReadWrite>(self) {
            Ok(value) => out.field(&value),
            // SAFETY: this is a place of a `T`, as in `deref`, for as long as `self` is borrowed.
            Err(_) => out.field(&unsafe { Shown::new(self.value.cast(), T::LAYOUT) }),
        }
        .finish()
    }
}

/// A pointer to an object: [`ArenaPtr`], or a [`Kptr`] that tells the generation as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pointer to an object of type `{T}` in an arena",
    label = "an allocator takes `ArenaPtr<{T}>` and `Kptr<{T}, Local>`",
    note = "what a `Kptr<T, Kernel>` leads to is the kernel's: it can neither be followed nor freed here"
)]
pub trait ObjectPtr<T>: Copy {
    /// The address, full or its low 32 bits alone, and the generation.
    #[doc(hidden)]
    fn parts(self) -> (u64, Option<u32>);
}

impl<T> ObjectPtr<T> for ArenaPtr<T> {
    fn parts(self) -> (u64, Option<u32>) {
        (self.address(), None)
    }
}

impl<T> ObjectPtr<T> for Kptr<T, Local> {
    fn parts(self) -> (u64, Option<u32>) {
        (self.offset().into(), Some(self.generation()))
    }
}

/// How objects get slots, and give them back.
impl Opened {
    /// Takes the slot that this thread put back last for an object, and counts that. `None` if
    /// there is none, or somebody wrote over its word; then nothing is changed.
    #[inline]
    pub(crate) fn take_last(&self, class: u32) -> Option<Kept> {
        let own = shard::last(self)?;
        own.cache.pop_last_if(class, |kept| self.hold_kept(own, kept))
    }

    /// As `take_last`, for any slot that this thread keeps.
    #[inline(never)]
    fn take_kept(&self, class: u32) -> Option<Kept> {
        let own = shard::of_this_thread(self)?;
        own.cache.pop_if(class, |kept| self.hold_kept(own, kept))
    }

    #[inline]
    fn hold_kept(&self, own: Own, kept: Kept) -> Option<Kept> {
        // First: if it is drained, something else may be in its place.
        if self.drained.load(Ordering::Relaxed) || self.header.state.load() != self.live {
            return None;
        }
        let control = protocol::take(self.slot(kept).control.atomic(), kept.control)?;
        self.keeper.count.made(Some(own.balance));
        Some(Kept { control, ..kept })
    }

    /// Takes a free slot of this class for an object, else of the next that has one; counts that.
    #[cold]
    #[inline(never)]
    fn take(&self, class: u32) -> Result<(u32, Kept), AllocError> {
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
    pub(crate) fn make<T: Storable>(&self, class: u32, held: Kept, value: T) -> Result<Object<T>, AllocError> {
        // Only now, behind the store to the slot's word: whoever closes the allocator first says so
        // and then looks at the slots. So either this sees that it is closed, or the other sees
        // that the slot was taken. It takes a full fence between the two, which a thread that keeps
        // slots leaves to the closing one (`Opened::barrier`); else it is in `hand_out`.
        compiler_fence(Ordering::SeqCst);
        if self.header.state.load() != self.live {
            return Err(self.refuse(class, held));
        }
        self.slot(held).type_id.store(const { T::LAYOUT.type_id() });
        // SAFETY: `class_of` has found that a `T` fits and is aligned, and later classes have no
        // smaller values (`config::read`); the slot is of this class, held for an object, counted.
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

    /// Gives a slot back that was taken before it was seen that there shall be no objects.
    #[cold]
    fn refuse(&self, class: u32, held: Kept) -> AllocError {
        // SAFETY: it is a slot of this allocator, and there is a handle to that.
        unsafe { Self::give_up(NonNull::from(self), class, held, Holder::Free) };
        self.not_live()
    }

    /// Frees and counts the slot of an object if this thread can keep it as the last; whether so.
    ///
    /// # Safety
    ///
    /// `this` is alive, as the object that holds the slot keeps it, and may be gone afterwards.
    /// `held` is a slot of it.
    #[inline]
    unsafe fn keep_held(this: NonNull<Self>, class: u32, held: Kept) -> bool {
        // SAFETY: the caller's promise. It is not used after the word says that the slot is kept,
        // nor is it an argument: a function may not free what its arguments refer to.
        let opened = unsafe { this.as_ref() };
        let Some(own) = shard::last(opened) else { return false };
        let (keeper, slot) = (opened.keeper, opened.slot(held));
        let word = &slot.control;
        let control = held.control.held_by(Holder::Kept);
        if word.load() != held.control.0 || !own.cache.push_last(class, Kept { control, ..held }) {
            return false;
        }
        // As in `put_back`: another thread may have made it.
        slot.next.store(own.mark());
        word.store_release(control.0);
        keeper.gone(Some(own));
        true
    }

    /// Frees the slot of an object, or hands it over, and counts that it is this process's no more.
    ///
    /// # Safety
    ///
    /// As for `keep_held`.
    #[inline(never)]
    unsafe fn give_up(this: NonNull<Self>, class: u32, held: Kept, to: Holder) {
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

    /// As `protocol::let_go`, for a slot that this thread holds or keeps.
    pub(crate) fn let_go(&self, held: Kept, to: Holder) -> bool {
        protocol::let_go(self.slot(held).control.atomic(), held.control, to)
    }

    /// Takes an object of type `T` that was handed over. It is not counted.
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
        // Anybody can write any type there, and two types in a great many have one number.
        if T::LAYOUT.size() > class.shape.value_size as usize {
            return Err(corrupt("the type of an object that is too small for it,", at - 8, found.into()));
        }
        let control = protocol::exchange(slot.control.atomic(), control, Holder::Object)
            .map_err(|now| self.not_shared(at, now, generation))?;
        Ok((class, Kept { slot: class.place(index), control }))
    }

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
        if self.slot(held).control.load() != held.control.0 {
            // Somebody wrote over that, or recovered the allocator: the slot may be another's.
            self.lost();
        } else if let Some(own) = shard::of_this_thread(self).filter(|own| own.cache.has_room(class.number)) {
            // First: whoever takes back what a thread that is gone has kept finds it by that.
            self.slot(held).next.store(own.mark());
            self.let_go(held, Holder::Kept);
            own.cache.push(class.number, Kept { control: held.control.held_by(Holder::Kept), ..held });
        } else if let Ok(inside) = self.enter() {
            inside.spill(class, held);
        } else {
            // Free and in no list, it is found when the allocator is recovered. It is counted while
            // it is held: nobody drains the allocator meanwhile.
            if self.in_place().is_ok() {
                self.header.failed.fetch_add(1);
            }
            self.let_go(held, Holder::Free);
        }
    }

    /// Counts that somebody wrote over the word of a slot, which is found by a recovery.
    #[cold]
    fn lost(&self) {
        if let Ok(inside) = self.enter() {
            inside.lost();
        }
    }

    /// Enters the lists: by the gate of this thread's shard, or as a visitor, who may get a shard.
    fn enter(&self) -> Result<Inside<'_>, AllocError> {
        let own = shard::of_this_thread(self);
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
