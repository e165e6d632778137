//! [`Inner`]: an allocator as this process sees it. It has checked the sizes once, and knows where
//! each slot is.

use std::any::type_name;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Weak};

use super::cache::Kept;
use super::config::{self, Shape, vacant};
use super::control::{Control, Holder};
use super::layout::{self, ClassShared, GATES, Header, MAGIC, SHARDS, SLOT_HEADER, ShardShared, SlotShared, state};
use super::lifetime::{Keeper, Keepers};
use crate::arena::handle::Arena;
use crate::error::{AllocError, PlaceError};
use crate::handle::Var;
use crate::sys::membarrier;
use crate::value::MapValue;

/// The keepers of this process.
pub(super) static KEEPERS: Keepers<Inner> = Keepers::new();

/// An allocator as this process sees it.
pub(crate) struct Inner {
    pub(crate) header: Var<Header>,
    shape: Shape,
    /// Whether this process has found it drained. From then on its place may be another's, and is
    /// not even looked at.
    pub(crate) drained: AtomicBool,
    /// The low half of a free slot's word.
    pub(crate) free: u64,
    /// Free slots of a class that a thread of this process keeps at most.
    pub(crate) most_kept: u32,
    /// Bytes of a value in the first class.
    smallest: u32,
    /// A number that no other allocator of this process ever has. It is not 0.
    pub(crate) serial: u64,
    pub(crate) keeper: &'static Keeper<Inner>,
    pub(crate) arena: Arena,
    /// The number of `Allocator`s.
    pub(crate) handles: AtomicUsize,
    /// Shards that threads of this process have claimed, or threads of the process that it was
    /// forked from: a bit for each. (It is not a lock, which a thread that a child does not have
    /// could hold.)
    pub(crate) claimed: AtomicU64,
    /// When it was last looked for threads that are gone (`reclaim`).
    pub(crate) looked: AtomicU32,
    /// How many threads in a row have found all gates closed (`visit`).
    pub(crate) closed: AtomicU32,
    pub(crate) this: Weak<Inner>,
}

impl Deref for Inner {
    type Target = Shape;

    #[inline]
    fn deref(&self) -> &Shape {
        &self.shape
    }
}

#[cold]
pub(crate) fn corrupt(what: &'static str, at: u64, found: u64) -> AllocError {
    AllocError::Corrupt { what, at, found }
}

impl Inner {
    /// The allocator with this header, all of which is read once and checked here: it may change
    /// meanwhile.
    pub(crate) fn read(arena: &Arena, header: Var<Header>) -> Result<Arc<Self>, AllocError> {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let shape = config::read(arena, &header)?;
        // Whether a thread that closes the allocator can have all threads run a fence, so that
        // those that keep slots need none.
        let is_asymmetric = shape.asymmetric && membarrier::register();
        let place = ptr::from_ref(&*header).addr();
        let end = place + usize::try_from(shape.len()).unwrap_or(0);
        Ok(Arc::new_cyclic(|this| Self {
            drained: AtomicBool::new(false),
            free: Control::new(shape.id, Holder::Free, 0).0,
            most_kept: if is_asymmetric { shape.magazine } else { 0 },
            smallest: shape.classes.first().map_or(0, |class| class.value_size),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            keeper: KEEPERS.take(place..end, shape.identity()),
            arena: arena.clone(),
            handles: AtomicUsize::new(1),
            claimed: AtomicU64::new(0),
            looked: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            this: Weak::clone(this),
            header,
            shape,
        }))
    }

    /// Runs a full fence, and has all threads run one that leave theirs to the closing thread.
    pub(crate) fn barrier(&self) -> Result<(), AllocError> {
        fence(Ordering::SeqCst);
        if self.asymmetric {
            membarrier::barrier()?;
        }
        Ok(())
    }

    /// What the header says in a state of this allocator.
    pub(crate) fn word_of(&self, state: u32) -> u32 {
        self.live & !state::BITS | state
    }

    /// Changes its state, if that is the one it is in.
    pub(crate) fn change(&self, from: u32, to: u32) -> bool {
        self.header.state.compare_exchange(self.word_of(from), self.word_of(to)).is_ok()
    }

    /// Whether a state is one of this allocator after it was closed.
    pub(crate) fn is_closed(&self, found: u32) -> bool {
        [state::CLOSING, state::DRAINING, state::DRAINED].map(|state| self.word_of(state)).contains(&found)
    }

    /// Whether the allocator is in its place, and takes objects back.
    pub(crate) fn is_in_place(&self) -> bool {
        let is_in = |state| [self.live, self.word_of(state::CLOSING)].contains(&state);
        !self.drained.load(Ordering::Relaxed) && is_in(self.header.state.load())
    }

    /// Whether something else may be in its place: it was drained, and neither its state nor any
    /// gate of a visitor is as this allocator has it. (One word that somebody wrote over does not
    /// tell.)
    pub(crate) fn is_replaced(&self) -> bool {
        let is_ours = |gate: &ShardShared| gate.owner.load() == vacant(self.live);
        self.drained.load(Ordering::Relaxed)
            || self.word_of(0) != self.header.state.load() & !state::BITS
                && !self.header.shards[SHARDS..GATES].iter().any(is_ours)
    }

    /// Why it cannot be recovered, as it is not in its place: it was drained, or its header was
    /// overwritten, which nobody can tell from memory that was given back and is another's.
    pub(crate) fn not_there(&self) -> AllocError {
        let found = if self.drained.load(Ordering::Relaxed) { MAGIC } else { self.header.magic.load() };
        let (at, what, expected) = (self.start, "the magic number", MAGIC);
        if found == MAGIC { AllocError::Closed } else { AllocError::NoAllocator { at, what, found, expected } }
    }

    /// Why it hands out no objects, or takes none back.
    #[cold]
    pub(crate) fn not_live(&self) -> AllocError {
        if self.is_replaced() {
            return AllocError::Closed;
        }
        match self.header.state.load() {
            found if self.is_closed(found) => AllocError::Closed,
            found if found == self.word_of(state::RECOVERING) => AllocError::Recovering,
            found => corrupt("the state of the allocator", self.address(&self.header.state), found.into()),
        }
    }

    /// The class of slots for values of type `T`.
    #[inline]
    pub(crate) fn class_of<T: MapValue>(&self) -> Result<u32, AllocError> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        // Slots are aligned to that at least (`config::read`). A pointer to no bytes leads to
        // nothing.
        let is_aligned = align <= config::MIN_ALIGN || align <= self.align as usize;
        if size > 0 && is_aligned && size <= self.smallest as usize {
            return Ok(0);
        }
        self.larger_class_of(type_name::<T>(), size, align)
    }

    #[inline(never)]
    fn larger_class_of(&self, type_name: &'static str, size: usize, align: usize) -> Result<u32, AllocError> {
        match self.classes().find(|class| size <= class.shape.value_size as usize) {
            _ if size == 0 => Err(PlaceError::ZeroSized { type_name }.into()),
            None => Err(AllocError::TooLarge {
                type_name,
                size,
                largest: self.classes.last().map_or(0, |class| class.value_size),
            }),
            Some(_) if align > self.align as usize => {
                Err(AllocError::Misaligned { type_name, align, given: self.align })
            }
            Some(class) => Ok(class.number),
        }
    }

    /// The address in the arena of something in the allocator.
    pub(crate) fn address<T>(&self, place: &T) -> u64 {
        self.start + (ptr::from_ref(place).addr() - ptr::from_ref(&*self.header).addr()) as u64
    }

    /// The header of a slot that a thread has taken, or keeps.
    #[inline]
    pub(crate) fn slot(&self, kept: Kept) -> &SlotShared {
        // SAFETY: a `Kept` is made for places of slots alone (`Class::place`), and used with the
        // allocator that has them.
        unsafe { self.header(kept.slot) }
    }

    /// The header of a slot.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline]
    #[expect(clippy::unused_self, reason = "the reference lives as long as it is borrowed")]
    unsafe fn header(&self, slot: NonNull<SlotShared>) -> &SlotShared {
        // SAFETY: the arena, in whose memory it is (`Class::place`), is mapped as long as this,
        // and writable (`Arena::var` of the header); it is aligned to 8, as the first slot and the
        // distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { slot.as_ref() }
    }

    #[inline]
    pub(crate) fn class(&self, number: u32) -> Class<'_> {
        let (shape, words) = (&self.classes[number as usize], &self.header.classes[number as usize]);
        Class { inner: self, number, shape, words }
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = Class<'_>> {
        (0..self.class_count()).map(|number| self.class(number))
    }

    /// The slot whose value begins at an address.
    pub(crate) fn slot_at(&self, at: u64) -> Result<(Class<'_>, u32), AllocError> {
        let offset = at.wrapping_sub(self.start);
        let Some(class) = self.classes().find(|class| (class.shape.first..class.shape.end()).contains(&offset)) else {
            let (start, end) = (self.start + self.classes[0].first, self.start + self.len());
            return Err(AllocError::ForeignObject { at, id: self.id, start, end });
        };
        let index = u32::try_from((offset - class.shape.first) / u64::from(class.shape.stride)).unwrap_or(u32::MAX);
        let object = class.address_of(index);
        if object == at { Ok((class, index)) } else { Err(AllocError::InteriorPointer { at, object }) }
    }
}

/// The slots of one size: their numbers, as this process has checked them, and the words that the
/// arena has for them.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) number: u32,
    pub(crate) shape: &'a layout::Class,
    pub(crate) words: &'a ClassShared,
}

impl<'a> Class<'a> {
    /// The place of a slot, whose index is less than the capacity.
    #[inline]
    pub(crate) fn place(&self, index: u32) -> NonNull<SlotShared> {
        assert!(index < self.shape.capacity, "there is no slot {index}");
        let offset = self.shape.first + u64::from(index) * u64::from(self.shape.stride);
        let offset = usize::try_from(offset).unwrap_or(0);
        // SAFETY: `config::read` has checked that all slots of a class are inside of `all`, whose
        // reference is to all of it.
        unsafe { NonNull::from(&*self.inner.all).cast::<SlotShared>().byte_add(offset) }
    }

    /// The index of a slot.
    pub(crate) fn index_of(&self, slot: NonNull<SlotShared>) -> u32 {
        let offset = slot.addr().get() - self.place(0).addr().get();
        u32::try_from(offset / self.shape.stride as usize).unwrap_or(u32::MAX)
    }

    /// The header of such a slot.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> &'a SlotShared {
        // SAFETY: `place` is a place of a slot.
        unsafe { self.inner.header(self.place(index)) }
    }

    /// The address of the value in a slot.
    pub(crate) fn address_of(&self, index: u32) -> u64 {
        self.inner.start + self.shape.first + u64::from(index) * u64::from(self.shape.stride) + SLOT_HEADER as u64
    }

    /// The slots that have been used at some time, and their words: at most `most`.
    ///
    /// Each of them names this allocator in its word (`take_fresh`). So the walk ends after many
    /// words in a row that do not: what the header says is a number that anybody can write, and a
    /// page that was never used is not to be read, which would make it.
    pub(crate) fn used(self, most: u32) -> impl Iterator<Item = (u32, &'a SlotShared, Control)> {
        const UNUSED: u32 = 256;
        let slots = (0..most.min(self.shape.capacity)).map(move |index| {
            let slot = self.slot(index);
            (index, slot, Control(slot.control.load_acquire()))
        });
        slots.scan(0, move |unused, slot| {
            *unused = if slot.2.id() == self.inner.id { 0 } else { *unused + 1 };
            (*unused < UNUSED).then_some(slot)
        })
    }
}
