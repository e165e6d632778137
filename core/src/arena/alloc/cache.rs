//! [`Cache`]: the free slots that one thread keeps, takes and puts back by plain loads and stores.
//!
//! It is memory of this process, which nobody else can write to. The word of a kept slot says that
//! it is kept: a thread that comes to the slot by a corrupted list leaves it alone. The cache has
//! the word too: if the slot has another when it is taken, somebody has written over it.
//!
//! A forked child would hand out the slots that its parent does. So the kernel wipes the memory in
//! the child (Linux 4.14): there the cache has no slots, and keeps none.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::layout::{CLASSES, SHARDS, SlotShared};
use super::protocol::Control;
use super::refcount::Balance;
use crate::sys::process::{Thread, wiped_on_fork};

/// Free slots of a class that a thread keeps at most.
pub(crate) const MAGAZINE: u32 = 63;
/// A power of two, so that a number is brought into range by a mask.
const PLACES: usize = MAGAZINE as usize + 1;
const ALL: usize = CLASSES * PLACES;

/// The shard, below 26 bits of the thread's number that tell it from those that had it before.
#[expect(clippy::cast_possible_truncation, reason = "there are 64 shards")]
pub(crate) const fn mark(shard: usize, thread: u64) -> u32 {
    Thread::short_number(thread) << SHARDS.trailing_zeros() | shard as u32
}

/// What a thread has for itself of an allocator. (Two words, which fit into registers.)
#[derive(Clone, Copy)]
pub(crate) struct Own {
    /// Its free slots.
    pub(crate) cache: &'static Cache,
    /// Its part of the count of objects.
    pub(crate) balance: &'static Balance,
}

impl Own {
    pub(crate) fn shard(self) -> usize {
        self.balance.index
    }

    /// Returns what the `next` of a slot says while the thread keeps it.
    #[inline]
    pub(crate) fn mark(self) -> u32 {
        self.cache.mark.load(Ordering::Relaxed)
    }
}

/// The free slots of one thread. All bytes zero are a cache that keeps nothing. (Only one thread at
/// a time uses it. Its words are atomics, so memory safety does not rest on that.)
#[repr(C)]
pub(crate) struct Cache {
    bins: [Bin; CLASSES],
    /// [`PLACES`] for each class: the first is never used.
    places: [Place; ALL],
    /// The number of the thread; 0 if the cache keeps nothing.
    owner: AtomicU64,
    /// What the `next` of its slots says.
    mark: AtomicU32,
}

struct Place {
    slot: AtomicPtr<SlotShared>,
    control: AtomicU64,
}

/// The slots of one class.
#[repr(C, align(32))]
struct Bin {
    /// The last slot that was put there, if it was not taken since; if it was, [`ROOM`], or null in
    /// a cache that keeps nothing. It is apart from the others: to take it and put it back then
    /// waits for no number that was stored just before.
    last: Place,
    /// How many others there are.
    others: AtomicU32,
    /// How many there may be with the last: at most [`MAGAZINE`].
    most: AtomicU32,
}

/// There is no slot, but room for one.
const ROOM: *mut SlotShared = ptr::without_provenance_mut(1);

impl Place {
    #[inline]
    fn get(&self) -> Option<Kept> {
        let slot = self.slot.load(Ordering::Relaxed);
        if slot.addr() <= ROOM.addr() {
            return None;
        }
        Some(Kept { slot: NonNull::new(slot)?, control: Control(self.control.load(Ordering::Relaxed)) })
    }

    #[inline]
    fn set(&self, Kept { slot, control }: Kept) {
        self.slot.store(slot.as_ptr(), Ordering::Relaxed);
        self.control.store(control.0, Ordering::Relaxed);
    }
}

/// A free slot, and its word.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) slot: NonNull<SlotShared>,
    pub(crate) control: Control,
}

impl Cache {
    /// Returns memory for a cache, which is never freed; an error if a fork would not wipe it.
    pub(crate) fn leaked() -> Result<&'static Self, ()> {
        // SAFETY: all bytes zero are a cache that keeps nothing, of atomics, aligned to 32.
        unsafe { wiped_on_fork() }.ok_or(())
    }

    /// Makes it an empty cache of a shard, of the thread with this number, for at most `most` slots
    /// of a class.
    pub(crate) fn reset(&self, shard: usize, owner: u64, most: impl Fn(usize) -> u32) {
        for (class, bin) in self.bins.iter().enumerate() {
            let most = most(class);
            bin.last.slot.store(if most > 0 { ROOM } else { ptr::null_mut() }, Ordering::Relaxed);
            bin.others.store(0, Ordering::Relaxed);
            bin.most.store(most, Ordering::Relaxed);
        }
        self.mark.store(mark(shard, owner), Ordering::Relaxed);
        self.owner.store(owner, Ordering::Release);
    }

    /// Returns the number of its thread; 0 if it has none, or that was one of our parent's.
    pub(crate) fn owner(&self) -> u64 {
        self.owner.load(Ordering::Acquire)
    }

    pub(crate) fn len(&self, class: u32) -> u32 {
        let bin = self.bin(class);
        bin.others.load(Ordering::Relaxed) + u32::from(bin.last.get().is_some())
    }

    pub(crate) fn most(&self, class: u32) -> u32 {
        self.bin(class).most.load(Ordering::Relaxed)
    }

    pub(crate) fn pop(&self, class: u32) -> Option<Kept> {
        self.pop_if(class, Some)
    }

    /// Takes the last slot that was put there, unless `take` does not.
    pub(crate) fn pop_if<R>(&self, class: u32, take: impl FnOnce(Kept) -> Option<R>) -> Option<R> {
        let bin = self.bin(class);
        if bin.last.get().is_some() {
            return self.pop_last_if(class, take);
        }
        let others = bin.others.load(Ordering::Relaxed);
        let taken = self.place(class, others).get().and_then(take)?;
        bin.others.store(others.wrapping_sub(1), Ordering::Relaxed);
        Some(taken)
    }

    /// As `pop_if`, but only if no slot was taken since.
    #[inline]
    pub(crate) fn pop_last_if<R>(&self, class: u32, take: impl FnOnce(Kept) -> Option<R>) -> Option<R> {
        let last = &self.bin(class).last;
        let taken = take(last.get()?)?;
        last.slot.store(ROOM, Ordering::Relaxed);
        Some(taken)
    }

    pub(crate) fn has_room(&self, class: u32) -> bool {
        let bin = self.bin(class);
        let others = bin.others.load(Ordering::Relaxed);
        bin.last.slot.load(Ordering::Relaxed) == ROOM || others + 1 < bin.most.load(Ordering::Relaxed)
    }

    /// Keeps a slot; whether there was room for it.
    pub(crate) fn push(&self, class: u32, new: Kept) -> bool {
        let (bin, has_room) = (self.bin(class), self.has_room(class));
        if let Some(last) = bin.last.get().filter(|_| has_room) {
            let others = bin.others.load(Ordering::Relaxed) + 1;
            self.place(class, others).set(last);
            bin.others.store(others, Ordering::Relaxed);
        }
        if has_room {
            bin.last.set(new);
        }
        has_room
    }

    /// Keeps a slot if the last one was taken since; whether it does.
    #[inline]
    pub(crate) fn push_last(&self, class: u32, new: Kept) -> bool {
        let last = &self.bin(class).last;
        let has_room = last.slot.load(Ordering::Relaxed) == ROOM;
        if has_room {
            last.set(new);
        }
        has_room
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
