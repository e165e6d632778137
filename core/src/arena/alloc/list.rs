//! The free slots that are nobody's, by class: lists in the arena.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::arena::alloc::cache::Kept;
use crate::arena::alloc::control;
use crate::arena::alloc::control::{Control, Holder};
use crate::arena::alloc::inner::{Inner, SlotRef};
use crate::arena::alloc::layout::SlotShared;
use crate::arena::alloc::stack;
use crate::arena::alloc::stack::Words;
use crate::value::ArenaPtr;

/// The free slots of a class that are nobody's.
pub(crate) struct List<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) class: u32,
}

impl List<'_> {
    fn slot(&self, index: u32) -> &SlotShared {
        self.inner.slot(SlotRef::new(self.class, index))
    }

    fn free(&self) -> &AtomicU64 {
        self.inner.header.classes[self.class as usize].free.atomic()
    }
}

impl Words for List<'_> {
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

impl Inner {
    pub(crate) fn push_listed(&self, slot: SlotRef) {
        match stack::push(&List { inner: self, class: slot.class }, slot.index, slot.index) {
            Ok(()) => drop(self.header.classes[slot.class as usize].listed.fetch_add(1)),
            // It is in no list: it is found when the allocator is recovered.
            Err(_) => self.lost(),
        }
    }

    /// Where the memory has what there is of a class.
    #[cold]
    pub(crate) fn class_address(&self, class: u32) -> u64 {
        self.arena.ptr_of(&self.header.classes[class as usize]).map_or(0, ArenaPtr::address)
    }

    /// Whether somebody has recovered the allocator since a slot was kept, who gave it to all: its word is one of another generation.
    #[cold]
    pub(crate) fn is_recovered(&self, Kept { slot, control }: Kept) -> bool {
        // SAFETY: what threads keep are slots of this allocator.
        let found = Control(unsafe { self.header(slot) }.control.load());
        found.id() == self.id && found.generation() != control.generation()
    }

    /// Puts a slot that a thread kept into the list.
    pub(crate) fn list(&self, class: u32, kept: Kept) {
        let Kept { slot, control } = kept;
        if !self.is_in_place() {
            return;
        }
        // SAFETY: what threads keep are slots of this allocator.
        let word = unsafe { &self.header(slot).control };
        if control::let_go(word.atomic(), control, Holder::Free) {
            self.push_listed(SlotRef::new(class, self.classes[class as usize].index_of(slot)));
        } else if !self.is_recovered(kept) {
            self.lost();
        }
    }
}
