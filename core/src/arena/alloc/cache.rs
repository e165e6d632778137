//! [`Cache`]: the free slots that one thread keeps for itself, and takes and puts back by plain loads and stores.
//!
//! It is memory of this process, which nobody else can write to, so what it says holds. The word of a slot that is kept says so too
//! (`Holder::Kept`): whoever comes to it by a list that was written over leaves it alone. It is remembered with the slot, so if the slot has
//! another when it is taken, somebody has written over that.
//!
//! A forked child would have a copy, and hand out the slots that its parent does. So the kernel wipes the memory in the child
//! (`MADV_WIPEONFORK`, Linux 4.14): there the cache has no slots, and keeps none.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use memmap2::MmapMut;

use crate::arena::alloc::control::Control;
use crate::arena::alloc::layout::{CLASSES, SlotShared};

/// Free slots of a class that a thread keeps at most.
pub(crate) const MAGAZINE: u32 = 63;
/// With one for none. A power of two, so that a number is brought into range by a mask.
const PLACES: usize = MAGAZINE as usize + 1;
const ALL: usize = CLASSES * PLACES;

/// Only one thread at a time uses it; that its words are atomics makes this no matter of memory safety. All bits zero are one that keeps
/// nothing.
#[repr(C)]
pub(crate) struct Cache {
    bins: [Bin; CLASSES],
    /// By class, [`PLACES`] for each: first none, and then as many as are kept.
    places: [Place; ALL],
}

/// For a slot and its word.
struct Place {
    slot: AtomicPtr<SlotShared>,
    control: AtomicU64,
}

/// The slots of one class.
#[repr(C, align(32))]
struct Bin {
    /// The last that was put there, if it was not taken since. It is apart from the others, since to take it and put it back then waits for no
    /// number that was stored just before.
    last: Place,
    /// How many others there are.
    others: AtomicU32,
    /// How many there may be, less than [`PLACES`].
    most: AtomicU32,
}

impl Bin {
    const fn empty() -> Self {
        Self { last: Place::empty(), others: AtomicU32::new(0), most: AtomicU32::new(0) }
    }
}

impl Place {
    const fn empty() -> Self {
        Self { slot: AtomicPtr::new(ptr::null_mut()), control: AtomicU64::new(0) }
    }

    #[inline]
    fn get(&self) -> Option<Kept> {
        let slot = NonNull::new(self.slot.load(Ordering::Relaxed))?;
        Some(Kept { slot, control: Control(self.control.load(Ordering::Relaxed)) })
    }

    #[inline]
    fn set(&self, Kept { slot, control }: Kept) {
        self.slot.store(slot.as_ptr(), Ordering::Relaxed);
        self.control.store(control.0, Ordering::Relaxed);
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.slot.load(Ordering::Relaxed).is_null()
    }

    #[inline]
    fn clear(&self) {
        self.slot.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

/// That of who has none.
pub(crate) static NONE: Cache =
    Cache { bins: [const { Bin::empty() }; CLASSES], places: [const { Place::empty() }; ALL] };

/// A cache that is made when it is first needed. (Not a `OnceLock`: a forked child could wait for a thread that it does not have.)
pub(crate) struct MadeLater(AtomicPtr<Cache>);

impl MadeLater {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Makes it, unless it is there. False if there is no memory.
    pub(crate) fn make(&self) -> bool {
        if self.get().is_some() {
            return true;
        }
        let Some(new) = Cache::leaked() else { return false };
        // Of two who do so at the same time, one has made it, and the memory of the other is lost.
        let new = ptr::from_ref(new).cast_mut();
        let _ = self.0.compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Relaxed);
        true
    }

    pub(crate) fn get(&self) -> Option<&'static Cache> {
        let cache = NonNull::new(self.0.load(Ordering::Acquire))?;
        // SAFETY: what is stored there, but for null, is a reference for ever (`make`).
        Some(unsafe { cache.as_ref() })
    }
}

/// A free slot, and its word.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) slot: NonNull<SlotShared>,
    pub(crate) control: Control,
}

impl Cache {
    /// Memory for one, which is never freed; `None` if there is none, or none that a fork would wipe.
    pub(crate) fn leaked() -> Option<&'static Self> {
        let mut memory = MmapMut::map_anon(size_of::<Self>()).ok()?;
        // SAFETY: the range is the mapping just made; the advice changes what a child will have there, nothing here.
        let advised = unsafe { libc::madvise(memory.as_mut_ptr().cast(), memory.len(), libc::MADV_WIPEONFORK) };
        if advised != 0 {
            return None;
        }
        let place = NonNull::new(memory.as_mut_ptr())?.cast::<Self>();
        std::mem::forget(memory);
        // SAFETY: it is so many bytes, aligned to a page and zero, which is a cache. They stay mapped, since who had them was forgotten, and
        // nobody else knows of them. (The kernel wipes them in a child before that runs.)
        Some(unsafe { place.as_ref() })
    }

    /// Makes it an empty one that keeps so many slots of each class.
    pub(crate) fn reset(&self, most: u32) {
        for bin in &self.bins {
            bin.last.clear();
            bin.others.store(0, Ordering::Relaxed);
            bin.most.store(most.min(MAGAZINE), Ordering::Relaxed);
        }
    }

    /// How many slots of a class it keeps.
    pub(crate) fn len(&self, class: u32) -> u32 {
        let bin = self.bin(class);
        bin.others.load(Ordering::Relaxed) + u32::from(!bin.last.is_empty())
    }

    /// How many of each it keeps at most: none after a fork.
    pub(crate) fn most(&self) -> u32 {
        self.bin(0).most.load(Ordering::Relaxed)
    }

    /// Takes the slot that was put there last.
    pub(crate) fn pop(&self, class: u32) -> Option<Kept> {
        self.pop_if(class, Some)
    }

    /// Takes a slot, unless `take` does not.
    pub(crate) fn pop_if<R>(&self, class: u32, take: impl FnOnce(Kept) -> Option<R>) -> Option<R> {
        let bin = self.bin(class);
        if !bin.last.is_empty() {
            return self.pop_last_if(class, take);
        }
        let others = bin.others.load(Ordering::Relaxed);
        let taken = self.place(class, others).get().and_then(take)?;
        bin.others.store(others.wrapping_sub(1), Ordering::Relaxed);
        Some(taken)
    }

    /// Takes the slot that was put there last, if that was not taken since, unless `take` does not.
    #[inline]
    pub(crate) fn pop_last_if<R>(&self, class: u32, take: impl FnOnce(Kept) -> Option<R>) -> Option<R> {
        let last = &self.bin(class).last;
        let taken = take(last.get()?)?;
        last.clear();
        Some(taken)
    }

    /// Keeps a slot; whether there is room for it.
    pub(crate) fn push(&self, class: u32, new: Kept) -> bool {
        let bin = self.bin(class);
        if let Some(last) = bin.last.get() {
            let others = bin.others.load(Ordering::Relaxed);
            if others >= bin.most.load(Ordering::Relaxed) {
                return false;
            }
            self.place(class, others + 1).set(last);
            bin.others.store(others + 1, Ordering::Relaxed);
        }
        bin.last.set(new);
        true
    }

    /// Keeps a slot if the one that was put there last was taken since; whether it does.
    #[inline]
    pub(crate) fn push_last(&self, class: u32, new: Kept) -> bool {
        let last = &self.bin(class).last;
        let is_empty = last.is_empty();
        if is_empty {
            last.set(new);
        }
        is_empty
    }

    #[inline]
    fn bin(&self, class: u32) -> &Bin {
        &self.bins[class as usize % CLASSES]
    }

    #[inline]
    fn place(&self, class: u32, index: u32) -> &Place {
        &self.places[(class as usize * PLACES + index as usize) % ALL]
    }
}
