//! An allocator as this process sees it: what it has checked once, and where slots are.

use super::keeper::Pool;
use std::any::type_name;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Weak};

use crate::arena::alloc::config;
use crate::arena::alloc::config::Geometry;
use crate::arena::alloc::control::{Control, Holder};
use crate::arena::alloc::keeper::Keeper;
use crate::arena::alloc::layout::{Header, SLOT_HEADER, SlotShared, state};
use crate::arena::handle::Arena;
use crate::error::{AllocError, PlaceError};
use crate::handle::Var;
use crate::sys::membarrier;
use crate::value::{ArenaPtr, MapValue};

/// A slot of an allocator, by numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub(crate) class: u32,
    pub(crate) index: u32,
}

impl SlotRef {
    pub(crate) const fn new(class: u32, index: u32) -> Self {
        Self { class, index }
    }
}

/// Keepers of allocators that are gone.
pub(super) static POOL: Pool<Arc<Inner>> = Mutex::new(Vec::new());

/// An allocator as this process sees it.
pub(crate) struct Inner {
    pub(crate) header: Var<Header>,
    pub(crate) id: u32,
    /// What the header says of its state while it hands out objects.
    pub(crate) live: u32,
    /// Whether this handle's process has found it drained: from then on its place may be another's, and is not even looked at.
    pub(crate) drained: AtomicBool,
    /// The low half of a free slot's word.
    pub(crate) free: u64,
    /// Free slots of a class that a thread of this process keeps at most.
    pub(crate) magazine: u32,
    /// The same of processes that may use `membarrier`, as the header says.
    pub(crate) header_magazine: u32,
    pub(crate) align: u32,
    /// Whether threads of some process keep slots, and leave a fence to who closes the allocator.
    pub(crate) asymmetric: bool,
    /// Bytes of a value in the first class.
    pub(crate) smallest: u32,
    pub(crate) classes: Box<[Geometry]>,
    /// Of all that this process ever has, another number each.
    pub(crate) serial: u64,
    pub(crate) keeper: &'static Keeper<Arc<Inner>>,
    pub(crate) arena: Arena,
    /// Of `Allocator`s.
    pub(crate) handles: AtomicUsize,
    /// Shards that threads of this process have claimed, or of the one that it was forked from: a bit for each. (Not a lock, which a thread
    /// that a child does not have could hold.)
    pub(crate) claimed: AtomicU64,
    pub(crate) this: Weak<Inner>,
}

#[cold]
pub(crate) fn corrupt(what: &'static str, at: u64, found: u64) -> AllocError {
    AllocError::Corrupt { what, at, found }
}

impl Inner {
    pub(crate) fn start(&self) -> ArenaPtr<Header> {
        self.arena.ptr_of(&*self.header).expect("the header is in the arena")
    }

    /// The address behind the last slot.
    pub(crate) fn end(&self) -> u64 {
        self.classes.last().map_or(0, Geometry::end)
    }

    /// A full fence of this thread, and of all that leave theirs to who closes.
    pub(crate) fn barrier(&self) -> Result<(), AllocError> {
        fence(Ordering::SeqCst);
        if self.asymmetric {
            membarrier::barrier()?;
        }
        Ok(())
    }

    /// The class of slots for values of type `T`.
    #[inline]
    pub(crate) fn class_of<T: MapValue>(&self) -> Result<u32, AllocError> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        // Slots are aligned to that at least (`config::read`). A pointer to no bytes leads to nothing.
        let is_aligned = align <= config::MIN_ALIGN || align <= self.align as usize;
        if size > 0 && is_aligned && size <= self.smallest as usize {
            return Ok(0);
        }
        self.larger_class_of(size, align).ok_or_else(|| self.does_not_fit::<T>())
    }

    #[inline(never)]
    pub(crate) fn larger_class_of(&self, size: usize, align: usize) -> Option<u32> {
        let class = self.classes.iter().position(|class| size <= class.value_size as usize)?;
        if size > 0 && align <= self.align as usize { u32::try_from(class).ok() } else { None }
    }

    #[cold]
    pub(crate) fn does_not_fit<T: MapValue>(&self) -> AllocError {
        let (type_name, size, align) = (type_name::<T>(), T::LAYOUT.size(), T::LAYOUT.align());
        if size == 0 {
            return PlaceError::ZeroSized { type_name }.into();
        }
        match self.classes.last() {
            Some(largest) if size > largest.value_size as usize => {
                AllocError::TooLarge { type_name, size, largest: largest.value_size }
            }
            _ => AllocError::Misaligned { type_name, align, given: self.align },
        }
    }

    /// The address of the value in a slot.
    pub(crate) fn address_of(&self, class: u32, slot: NonNull<SlotShared>) -> u64 {
        self.classes[class as usize].address_of(slot) + SLOT_HEADER as u64
    }

    pub(crate) fn address_at(&self, slot: SlotRef) -> u64 {
        let class = &self.classes[slot.class as usize];
        class.first + u64::from(slot.index) * u64::from(class.stride) + SLOT_HEADER as u64
    }

    /// The place of a slot. The index is less than the capacity of its class.
    pub(crate) fn place(&self, slot: SlotRef) -> NonNull<SlotShared> {
        let Some(place) = self.classes[slot.class as usize].slot(slot.index) else {
            unreachable!("there is no slot {}", slot.index)
        };
        place
    }

    /// The header of a slot. The index is less than the capacity of its class.
    pub(crate) fn slot(&self, slot: SlotRef) -> &SlotShared {
        // SAFETY: as `header` wants it.
        unsafe { self.header(self.place(slot)) }
    }

    /// The header of a slot.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline]
    #[expect(clippy::unused_self, reason = "the reference lives as long as it is borrowed")]
    pub(crate) unsafe fn header(&self, slot: NonNull<SlotShared>) -> &SlotShared {
        // SAFETY: the arena, in whose memory it is (`Geometry::slot`), is mapped as long as this, and writable (`Arena::var` of the
        // header); it is aligned to 8, as the first slot and the distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { slot.as_ref() }
    }

    /// What the header says of a state of this allocator.
    pub(crate) const fn word_of(&self, state: u32) -> u32 {
        self.live & !state::BITS | state
    }

    /// Why it hands out no objects.
    pub(crate) fn not_live(&self, found: u32) -> AllocError {
        if found == self.word_of(state::RECOVERING) { AllocError::Recovering } else { AllocError::Closed }
    }

    /// Whether it is still in its place. When it is drained, something else may be there, which shall not find free slots of this in its lists.
    pub(crate) fn is_in_place(&self) -> bool {
        let is_in = |state| [self.live, self.word_of(state::CLOSING)].contains(&state);
        !self.drained.load(Ordering::Relaxed) && is_in(self.header.state.load())
    }

    /// Somebody has scribbled on the word of a slot: what it says now is not what this may undo. It is found when the allocator is recovered.
    pub(crate) fn lost(&self) {
        self.header.failed.fetch_add(1);
    }

    /// Why a slot is not one that was handed over.
    #[cold]
    pub(crate) fn not_shared(&self, at: u64, control: Control, expected: u32) -> AllocError {
        match control.holder() {
            _ if control.id() != self.id => corrupt("the word of a slot", at - SLOT_HEADER as u64, control.0),
            Holder::Free | Holder::Kept => AllocError::AlreadyFree { at },
            _ if control.generation() != expected => AllocError::Stale { at, expected, found: control.generation() },
            Holder::Object | Holder::Shared => AllocError::Owned { at },
        }
    }

    /// The slot whose value begins at an address.
    pub(crate) fn slot_at(&self, at: u64) -> Result<SlotRef, AllocError> {
        let inside = |class: &Geometry| (class.first..class.end()).contains(&at);
        let Some(class) = self.classes.iter().position(inside) else {
            let (start, end) = (self.classes[0].first, self.classes[self.classes.len() - 1].end());
            return Err(AllocError::ForeignObject { at, id: self.id, start, end });
        };
        let Geometry { first, stride, .. } = self.classes[class];
        let offset = at - first;
        let [class, index] = [class as u64, offset / u64::from(stride)].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let slot = SlotRef::new(class, index);
        let object = self.address_at(slot);
        if object == at { Ok(slot) } else { Err(AllocError::InteriorPointer { at, object }) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are at most 16")]
    pub(crate) fn class_count(&self) -> u32 {
        self.classes.len() as u32
    }
}
