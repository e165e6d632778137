//! [`Object`]: a typed object in an arena, owned.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::cache::{Cache, Own};
use super::control::Control;
use super::inner::Inner;
use super::layout::{SLOT_HEADER, SlotShared};
use crate::handle::shown::Shown;
use crate::value::{ArenaPtr, Kptr, Local, MapValue, ReadWrite};

/// A `T` in an arena that belongs to this handle alone, and is freed when that is dropped.
///
/// It dereferences to the mirror of `T`, as a [`Var`](crate::Var) does: BPF programs that know the
/// place read and write it at the same time. Nobody else can free it. Hand it over with
/// [`into_kptr`](Self::into_kptr) or [`into_ptr`](Self::into_ptr). The next owner of the pointer
/// makes it an `Object` again with [`Allocator::claim`](super::Allocator::claim).
///
/// It keeps the arena mapped, also when there is no handle to the allocator any more. It can be
/// dropped on any thread.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{Allocator, Arena, MapValue, Object};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Job {
///     id: u64,
///     tries: u32,
/// }
///
/// let arena = Arena::memfd(16)?;
/// let config = Config { value_size: 16, capacity: 100, ..Config::default() };
/// let jobs = Allocator::create(&arena, config)?;
/// let job: Object<Job> = jobs.alloc(Job { id: 7, tries: 0 })?;
/// job.tries.fetch_add(1);
/// assert_eq!(arena.get(job.as_ptr())?.tries.load(), 1); // a program with the pointer sees it
/// drop(job);
/// assert_eq!(jobs.stats().live, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Object<T: MapValue> {
    value: NonNull<T::Shared<ReadWrite>>,
    /// What the slot's control word is while this has it.
    control: Control,
    class: u32,
    /// The cache of the thread that the slot names, if that is known.
    cache: &'static Cache,
    inner: NonNull<Inner>,
}

// SAFETY: an object is a pointer into memory that lives as long as it does, through which only
// `&T::Shared` is given out, which is `Send + Sync`, and a pointer to an `Inner`, which is `Send +
// Sync`.
unsafe impl<T: MapValue> Send for Object<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: MapValue> Sync for Object<T> {}

impl<T: MapValue> Object<T> {
    /// # Safety
    ///
    /// `value` is the place of the value in a slot of a class of `inner`, checked for a `T`, with
    /// the provenance of all of the slot. The slot's control word is `control`, which says that an
    /// object holds it. The slot names the thread of `own`, unless that is [`Own::none`]. This
    /// object has been counted with the keeper of `inner`.
    #[inline]
    pub(crate) unsafe fn new(
        value: NonNull<T::Shared<ReadWrite>>,
        control: Control,
        class: u32,
        own: Own,
        inner: NonNull<Inner>,
    ) -> Self {
        Self { value, control, class, cache: own.cache, inner }
    }

    #[inline]
    fn inner(&self) -> &Inner {
        // SAFETY: the keeper of an allocator keeps its `Inner` while an object that it has counted
        // was not counted as gone (`Keeper::objects`), which `drop` and `hand_over` do last.
        unsafe { self.inner.as_ref() }
    }

    /// Returns the pointer to it, as memory of the arena holds it. That does not keep it alive.
    pub fn as_ptr(&self) -> ArenaPtr<T> {
        ArenaPtr::from_address(self.inner().address_of(self.class, self.slot()))
    }

    /// Hands it over, as a pointer.
    ///
    /// It stays until somebody who has the pointer claims it, or frees it:
    /// [`Allocator::free`](super::Allocator::free), or a BPF program's `mv_obj_free`.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let config = Config { value_size: 8, capacity: 100, ..Config::default() };
    /// let objects = Allocator::create(&arena, config)?;
    /// // Nobody owns it now: store the pointer where its next owner finds it.
    /// let ptr = objects.alloc(7u64)?.into_ptr();
    /// assert_eq!(arena.get(ptr)?.load(), 7);
    /// objects.free(ptr)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "whoever has the pointer frees it"]
    pub fn into_ptr(self) -> ArenaPtr<T> {
        let ptr = self.as_ptr();
        self.hand_over();
        ptr
    }

    /// Hands it over, as a pointer that also names the generation of the slot.
    ///
    /// If the slot has been freed and used again, the pointer is known to be stale. A generation
    /// has 32 bits, so the same one comes again after 2^32 hand-outs of the slot: in 52 seconds, if
    /// one slot is made and freed all the time. A pointer that is as old as that may be taken for a
    /// new one.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{AllocError, Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects =
    ///     Allocator::create(&arena, Config { value_size: 8, capacity: 1, ..Config::default() })?;
    /// let first = objects.alloc(1u64)?.into_kptr();
    /// objects.free(first)?;
    /// let second = objects.alloc(2u64)?.into_kptr(); // the same slot
    /// assert_eq!(first.offset(), second.offset());
    /// assert!(matches!(objects.free(first), Err(AllocError::Stale { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "whoever has the pointer frees it"]
    pub fn into_kptr(self) -> Kptr<T, Local> {
        let kptr = Kptr::local(self.as_ptr().offset(), self.control.generation());
        self.hand_over();
        kptr
    }

    fn hand_over(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: it is the header of a slot of `inner`, which this keeps until then. If the slot
        // is not its any more, whoever has the pointer is told so.
        unsafe { Inner::hand_over(this.inner, this.slot(), this.control) };
    }

    /// The header of its slot.
    #[inline]
    fn slot(&self) -> NonNull<SlotShared> {
        // SAFETY: before the value there is the header of its slot (`Inner::object`).
        unsafe { self.value.byte_sub(SLOT_HEADER) }.cast()
    }
}

impl<T: MapValue> Drop for Object<T> {
    #[inline]
    fn drop(&mut self) {
        let (inner, class, slot, control) = (self.inner, self.class, self.slot(), self.control);
        // SAFETY: it is the header of a slot of `inner`, which this keeps until then; if the slot
        // names a thread, it is the one with this cache.
        if !unsafe { Inner::keep_held(inner, class, slot, control, self.cache) } {
            // SAFETY: as above; nothing was done.
            unsafe { Inner::free_held(inner, class, slot, control) };
        }
    }
}

impl<T: MapValue> Deref for Object<T> {
    type Target = T::Shared<ReadWrite>;

    #[inline]
    fn deref(&self) -> &T::Shared<ReadWrite> {
        // SAFETY: by the promise to `new` the place was checked for a `T`, as in `Arena::get`; the
        // `Inner`, which this keeps (see `inner`), has a share in the mapping.
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
