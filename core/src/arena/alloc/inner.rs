//! [`Inner`]: an allocator as this process sees it. It has checked the sizes once, and knows where
//! each slot is.

use std::any::type_name;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Weak};

use super::config::{self, Geometry, Shape};
use super::control::{Control, Holder};
use super::keeper::{Keeper, Keepers};
use super::layout::{GATES, Header, MAGIC, SHARDS, SLOT_HEADER, ShardShared, SlotShared, state};
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

/// The keepers of this process.
pub(super) static KEEPERS: Keepers<Inner> = Keepers::new();

/// An allocator as this process sees it.
pub(crate) struct Inner {
    pub(crate) header: Var<Header>,
    pub(crate) id: u32,
    /// The state in the header while the allocator hands out objects.
    pub(crate) live: u32,
    /// Whether this process has found it drained. From then on its place may be another's, and is
    /// not even looked at.
    pub(crate) drained: AtomicBool,
    /// The low half of a free slot's word.
    pub(crate) free: u64,
    /// Free slots of a class that a thread of this process keeps at most.
    pub(crate) magazine: u32,
    /// The same for processes that may use `membarrier`, from the header.
    pub(crate) header_magazine: u32,
    pub(crate) align: u32,
    /// Whether threads of some process keep slots, and leave a fence to the thread that closes the
    /// allocator.
    pub(crate) asymmetric: bool,
    /// Bytes of a value in the first class.
    pub(crate) smallest: u32,
    pub(crate) classes: Box<[Geometry]>,
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
    this: Weak<Inner>,
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
        let Shape { id, live, align, magazine, asymmetric, classes } = config::read(arena, &header)?;
        // Whether a thread that closes the allocator can have all threads run a fence, so that
        // those that keep slots need none.
        let is_asymmetric = asymmetric && membarrier::register();
        let (start, end) = (arena.ptr_of(&*header)?.address(), classes.last().map_or(0, Geometry::end));
        let place = std::ptr::from_ref(&*header).addr();
        Ok(Arc::new_cyclic(|this| Self {
            id,
            live,
            drained: AtomicBool::new(false),
            free: Control::new(id, Holder::Free, 0).0,
            magazine: if is_asymmetric { magazine } else { 0 },
            header_magazine: magazine,
            asymmetric,
            align,
            header,
            smallest: classes.first().map_or(0, |class| class.value_size),
            classes,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            keeper: KEEPERS.take(&(place..place + usize::try_from(end - start).unwrap_or(0)), identity(live, id)),
            arena: arena.clone(),
            handles: AtomicUsize::new(1),
            claimed: AtomicU64::new(0),
            looked: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            this: Weak::clone(this),
        }))
    }

    pub(crate) fn this(&self) -> Weak<Self> {
        Weak::clone(&self.this)
    }

    pub(crate) fn start(&self) -> ArenaPtr<Header> {
        self.arena.ptr_of(&*self.header).expect("the header is in the arena")
    }

    /// The address behind the last slot.
    pub(crate) fn end(&self) -> u64 {
        self.classes.last().map_or(0, Geometry::end)
    }

    /// Runs a full fence, and has all threads run one that leave theirs to the closing thread.
    pub(crate) fn barrier(&self) -> Result<(), AllocError> {
        fence(Ordering::SeqCst);
        if self.asymmetric {
            membarrier::barrier()?;
        }
        Ok(())
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are at most 16")]
    pub(crate) fn class_count(&self) -> u32 {
        self.classes.len() as u32
    }
}

/// A number that hardly another allocator of this machine has, wherever it is mapped.
const fn identity(live: u32, id: u32) -> u64 {
    (live as u64) << 32 | id as u64
}

/// The life of an allocator.
impl Inner {
    pub(crate) const fn identity(&self) -> u64 {
        identity(self.live, self.id)
    }

    /// What the header says in a state of this allocator.
    pub(crate) const fn word_of(&self, state: u32) -> u32 {
        self.live & !state::BITS | state
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
        let is_ours = |gate: &ShardShared| gate.owner.load() == self.vacant();
        self.drained.load(Ordering::Relaxed)
            || self.header.state.load() & !state::BITS != self.live & !state::BITS
                && !self.header.shards[SHARDS..GATES].iter().any(is_ours)
    }

    /// The gate of a visitor that nobody uses.
    pub(crate) const fn vacant(&self) -> u64 {
        config::vacant(self.live)
    }

    /// Why it cannot be recovered, as it is not in its place: it was drained, or its header was
    /// overwritten, which nobody can tell from memory that was given back and is another's.
    pub(crate) fn not_there(&self) -> AllocError {
        let found = if self.drained.load(Ordering::Relaxed) { MAGIC } else { self.header.magic.load() };
        let (at, what, expected) = (self.start().address(), "the magic number", MAGIC);
        if found == MAGIC { AllocError::Closed } else { AllocError::NoAllocator { at, what, found, expected } }
    }

    /// Why it hands out no objects, or takes none back.
    #[cold]
    pub(crate) fn not_live(&self) -> AllocError {
        if self.is_replaced() {
            return AllocError::Closed;
        }
        let found = self.header.state.load();
        match found & state::BITS {
            _ if found & !state::BITS != self.live & !state::BITS => {}
            state::CLOSING | state::DRAINING | state::DRAINED => return AllocError::Closed,
            state::RECOVERING => return AllocError::Recovering,
            _ => {}
        }
        let at = self.arena.ptr_of(&self.header.state).map_or(0, ArenaPtr::address);
        corrupt("the state of the allocator", at, found.into())
    }
}

/// Where slots are.
impl Inner {
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

    /// The place of a slot, whose index is less than the capacity of its class.
    pub(crate) fn place(&self, slot: SlotRef) -> NonNull<SlotShared> {
        let Some(place) = self.classes[slot.class as usize].slot(slot.index) else {
            unreachable!("there is no slot {}", slot.index)
        };
        place
    }

    /// The header of a slot, whose index is less than the capacity of its class.
    pub(crate) fn slot(&self, slot: SlotRef) -> &SlotShared {
        // SAFETY: `place` is a place of a slot.
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
        // SAFETY: the arena, in whose memory it is (`Geometry::slot`), is mapped as long as this,
        // and writable (`Arena::var` of the header); it is aligned to 8, as the first slot and the
        // distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { slot.as_ref() }
    }

    /// The slot whose value begins at an address.
    pub(crate) fn slot_at(&self, at: u64) -> Result<SlotRef, AllocError> {
        let inside = |class: &Geometry| (class.first..class.end()).contains(&at);
        let Some(class) = self.classes.iter().position(inside) else {
            let (start, end) = (self.classes[0].first, self.end());
            return Err(AllocError::ForeignObject { at, id: self.id, start, end });
        };
        let Geometry { first, stride, .. } = self.classes[class];
        let offset = at - first;
        let [class, index] = [class as u64, offset / u64::from(stride)].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let slot = SlotRef::new(class, index);
        let object = self.address_at(slot);
        if object == at { Ok(slot) } else { Err(AllocError::InteriorPointer { at, object }) }
    }

    /// The slots of a class that have been used at some time, and their words.
    ///
    /// Each of them names this allocator in its word (`take_fresh`). So the walk ends after many
    /// words in a row that do not: what the header says is a number that anybody can write, and a
    /// page that was never used is not to be read, which would make it.
    pub(crate) fn used(&self, class: u32) -> impl Iterator<Item = (SlotRef, &SlotShared, Control)> {
        self.used_of(class, self.header.classes[class as usize].fresh.load_acquire())
    }

    /// As `used`, of at most so many slots.
    pub(crate) fn used_of(&self, class: u32, most: u32) -> impl Iterator<Item = (SlotRef, &SlotShared, Control)> {
        const UNUSED: u32 = 256;
        let slots = (0..most.min(self.classes[class as usize].capacity)).map(move |index| {
            let slot = self.slot(SlotRef::new(class, index));
            (SlotRef::new(class, index), slot, Control(slot.control.load_acquire()))
        });
        slots.scan(0, move |unused, slot| {
            *unused = if slot.2.id() == self.id { 0 } else { *unused + 1 };
            (*unused < UNUSED).then_some(slot)
        })
    }
}
