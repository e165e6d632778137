//! [`Object`]: a typed object in an arena, owned.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::cache::{Cache, Kept};
use super::layout::SLOT_HEADER;
use super::lists::Held;
use super::opened::Opened;
use super::protocol::{Control, Holder};
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
/// # use mapvalue::{Allocator, Arena, Object, arena::Config};
/// # let arena = Arena::memfd(16)?;
/// let config = Config { value_size: 8, capacity: 100, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?;
/// let count: Object<u64> = objects.alloc(7u64)?;
/// count.fetch_add(1);
/// assert_eq!(arena.get(count.as_ptr())?.load(), 8); // a program with the pointer sees it
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Object<T: MapValue> {
    value: NonNull<T::Shared<ReadWrite>>,
    /// What the slot's control word is while this has it.
    control: Control,
    class: u32,
    /// The cache of the thread that the slot names, if that is known, or else null.
    cache: *const Cache,
    opened: NonNull<Opened>,
}

// SAFETY: an object is a pointer into memory that lives as long as it does, through which only
// `&T::Shared` is given out, which is `Send + Sync`; a pointer to an `Opened`, which is `Send +
// Sync`; and the address of a cache, which is only compared.
unsafe impl<T: MapValue> Send for Object<T> {}
// SAFETY: as for `Send`.
unsafe impl<T: MapValue> Sync for Object<T> {}

impl<T: MapValue> Object<T> {
    /// The object in a slot that is held for one.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator and class, with room for a `T`, which is aligned
    /// there. Its word says that an object holds it, which was counted with the keeper of `opened`.
    /// It names the thread of `own`, if there is one.
    #[inline]
    pub(crate) unsafe fn new(opened: &Opened, class: u32, (kept, own): Held) -> Self {
        // SAFETY: behind the header of a slot there are `value_size` bytes, inside the arena
        // (`config::read`). This has the provenance of all of the slot.
        let value = unsafe { kept.slot.byte_add(SLOT_HEADER) }.cast();
        let cache = own.map_or(ptr::null(), |own| ptr::from_ref(own.cache));
        Self { value, control: kept.control, class, cache, opened: NonNull::from(opened) }
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
    /// If the slot has been freed and used again, the pointer is known to be stale, unless it is
    /// very old: the same generation comes again after 2^32 hand-outs of the slot, in 52 seconds if
    /// one slot is made and freed all the time.
    ///
    /// ```
    /// # use mapvalue::{AllocError, Allocator, Arena, arena::Config};
    /// # let arena = Arena::memfd(16)?;
    /// let config = Config { value_size: 8, capacity: 1, ..Config::default() };
    /// let objects = Allocator::create(&arena, config)?;
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
        // SAFETY: it is a slot of `opened`, which this keeps until then.
        unsafe { Opened::give_up(this.opened, this.class, this.held(), Holder::Shared) };
    }

    /// Its slot.
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
        // SAFETY: it is a slot of `opened`, which this keeps until then; if the slot names a
        // thread, it is the one with this cache.
        if !unsafe { Opened::keep_held(opened, class, held, self.cache) } {
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
