//! [`Opened`]: an open allocator, its state and slots; [`Keeper`]: how long memory stays mapped.

use std::any::type_name;
use std::ops::{Deref, Range};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence};
use std::sync::{Arc, Weak};

use super::cache::{Cache, Kept, Own};
use super::config::{self, Shape, vacant};
use super::layout::{self, ClassShared, GATES, Header, SHARDS, SLOT_HEADER, ShardShared, SlotShared, state};
use super::protocol::Control;
use super::refcount::Count;
use crate::arena::handle::Arena;
use crate::error::{AllocError, PlaceError};
use crate::handle::Var;
use crate::sys::membarrier;
use crate::sys::once::Once;
use crate::value::MapValue;

/// An allocator as this process sees it. It has checked the sizes once.
pub(crate) struct Opened {
    pub(crate) header: Var<Header>,
    shape: Shape,
    /// Whether this process has found it drained. From then on its place is not even looked at.
    pub(crate) drained: AtomicBool,
    /// Whether this process has given the page of the header back.
    pub(crate) given_back: AtomicBool,
    /// As `magazine`; 0 if this process may not use `membarrier`.
    pub(crate) most_kept: u32,
    /// Bytes of a value in the first class.
    pub(crate) smallest: u32,
    /// A number that no other allocator of this process ever has. It is not 0.
    pub(crate) serial: u64,
    pub(crate) keeper: &'static Keeper,
    pub(crate) arena: Arena,
    /// The number of `Allocator`s.
    pub(crate) handles: AtomicUsize,
    /// Shards that threads of this process have claimed, or threads of the process that it was
    /// forked from: a bit for each. (A lock could be held by a thread that a child does not have.)
    pub(crate) claimed: AtomicU64,
    /// When it was last looked for threads that are gone (`reclaim`).
    pub(crate) looked: AtomicU32,
    /// How many threads in a row have found all gates closed (`visit`).
    pub(crate) closed: AtomicU32,
    pub(crate) this: Weak<Opened>,
}

impl Deref for Opened {
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

impl Opened {
    pub(crate) fn read(arena: &Arena, header: Var<Header>) -> Result<Arc<Self>, AllocError> {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let shape = config::read(arena, &header)?;
        // Whoever closes the allocator has the threads run a fence that keep slots.
        let is_asymmetric = shape.asymmetric && membarrier::register();
        let place = ptr::from_ref(&*header).addr();
        let end = place + usize::try_from(shape.len()).unwrap_or(0);
        let opened = Arc::new_cyclic(|this| Self {
            drained: AtomicBool::new(false),
            given_back: AtomicBool::new(false),
            most_kept: if is_asymmetric { shape.magazine } else { 0 },
            smallest: shape.classes.first().map_or(0, |class| class.value_size),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            keeper: Keeper::take(place..end, shape.identity()),
            arena: arena.clone(),
            handles: AtomicUsize::new(1),
            claimed: AtomicU64::new(0),
            looked: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            this: Weak::clone(this),
            header,
            shape,
        });
        // Pairs with the fence of whoever drains it just now (`Keeper::drained`).
        fence(Ordering::SeqCst);
        if opened.state() == state::DRAINED || opened.is_replaced() {
            Keeper::drained(opened.identity());
        }
        Ok(opened)
    }

    /// The address in the arena of something in the allocator.
    pub(crate) fn address<T>(&self, place: &T) -> u64 {
        self.start + (ptr::from_ref(place).addr() - ptr::from_ref(&*self.header).addr()) as u64
    }

    /// Runs a full fence, and has those threads run one that leave theirs to the closing thread.
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

    /// The state that such a word says; 0 if it is none of this allocator.
    pub(crate) fn state_of(&self, word: u32) -> u32 {
        if word == self.word_of(word & state::BITS) { word & state::BITS } else { 0 }
    }

    /// The state that it is in; 0 if somebody wrote over that.
    pub(crate) fn state(&self) -> u32 {
        if self.drained.load(Ordering::Relaxed) { state::DRAINED } else { self.state_of(self.header.state.load()) }
    }

    /// Changes its state, if that is the one it is in.
    pub(crate) fn change(&self, from: u32, to: u32) -> bool {
        self.header.state.compare_exchange(self.word_of(from), self.word_of(to)).is_ok()
    }

    /// Checks that the allocator is in its place, and takes objects back.
    pub(crate) fn in_place(&self) -> Result<(), AllocError> {
        if matches!(self.state(), state::LIVE | state::CLOSING) { Ok(()) } else { Err(self.not_live()) }
    }

    /// Whether something else may be in its place: it was drained, or neither its state nor any
    /// visitor's gate is as this allocator has it. (One overwritten word does not tell.)
    pub(crate) fn is_replaced(&self) -> bool {
        let is_ours = |gate: &ShardShared| gate.owner.load() == vacant(self.live);
        self.drained.load(Ordering::Relaxed)
            || self.word_of(0) != self.header.state.load() & !state::BITS
                && !self.header.shards[SHARDS..GATES].iter().any(is_ours)
    }

    /// Why it hands out no objects, or takes none back.
    #[cold]
    pub(crate) fn not_live(&self) -> AllocError {
        let (word, now) = (&self.header.state, self.state());
        // Whoever makes another here writes the gates before the state.
        fence(Ordering::Acquire);
        match now {
            state::CLOSING | state::DRAINING | state::DRAINED => AllocError::Closed,
            // Live again: it was not just before.
            state::RECOVERING | state::RECOVERING_CLOSED | state::LIVE => AllocError::Recovering,
            _ if self.is_replaced() => AllocError::Closed,
            _ => corrupt("the state of the allocator", self.address(word), word.load().into()),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        (0..SHARDS).for_each(|shard| self.release_shard(shard));
        self.keeper.identity.store(0, Ordering::Relaxed);
        self.keeper.is_used.store(false, Ordering::Release);
    }
}

/// The slots of one size: numbers that this process has checked, and the words in the arena.
#[derive(Clone, Copy)]
pub(crate) struct Class<'a> {
    pub(crate) opened: &'a Opened,
    pub(crate) number: u32,
    pub(crate) shape: &'a layout::Class,
    pub(crate) words: &'a ClassShared,
}

impl<'a> Class<'a> {
    /// The place of a slot, whose index is less than the capacity.
    #[inline]
    pub(crate) fn place(&self, index: u32) -> NonNull<SlotShared> {
        assert!(index < self.shape.capacity, "there is no slot {index}");
        let offset = usize::try_from(self.offset_of(index)).unwrap_or(0);
        // SAFETY: `config::read` has checked that each slot is inside `all`, a reference to all.
        unsafe { NonNull::from(&*self.opened.all).cast::<SlotShared>().byte_add(offset) }
    }

    /// Where a slot is, from the allocator's header on.
    fn offset_of(&self, index: u32) -> u64 {
        self.shape.first + u64::from(index) * u64::from(self.shape.stride)
    }

    pub(crate) fn index_of(&self, slot: NonNull<SlotShared>) -> u32 {
        let offset = slot.addr().get() - self.place(0).addr().get();
        u32::try_from(offset / self.shape.stride as usize).unwrap_or(u32::MAX)
    }

    /// The header of such a slot.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> &'a SlotShared {
        // SAFETY: it is the place of a slot; the rest as in `Opened::slot`.
        unsafe { self.place(index).as_ref() }
    }

    /// The address of the value in a slot.
    pub(crate) fn address_of(&self, index: u32) -> u64 {
        self.opened.start + self.offset_of(index) + SLOT_HEADER as u64
    }

    /// The slots that have been used at some time, and their words: at most `most`. Each names this
    /// allocator in its word (`take_fresh`). So the walk ends after many in a row that do not:
    /// anybody can write `most`, and to read a page that was never used would make it.
    pub(crate) fn used(self, most: u32) -> impl Iterator<Item = (u32, &'a SlotShared, Control)> {
        const UNUSED: u32 = 256;
        let slots = (0..most.min(self.shape.capacity)).map(move |index| {
            let slot = self.slot(index);
            (index, slot, Control(slot.control.load_acquire()))
        });
        slots.scan(0, move |unused, slot| {
            *unused = if slot.2.id() == self.opened.id { 0 } else { *unused + 1 };
            (*unused < UNUSED).then_some(slot)
        })
    }
}

impl Opened {
    #[inline]
    pub(crate) fn class(&self, number: u32) -> Class<'_> {
        let (shape, words) = (&self.classes[number as usize], &self.header.classes[number as usize]);
        Class { opened: self, number, shape, words }
    }

    pub(crate) fn classes(&self) -> impl Iterator<Item = Class<'_>> {
        (0..).zip(&self.classes).map(|(number, _)| self.class(number))
    }

    /// The class of slots for values of type `T`.
    #[inline]
    pub(crate) fn class_of<T: MapValue>(&self) -> Result<u32, AllocError> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        // Slots are aligned to that at least (`config::read`).
        let is_aligned = align <= config::MIN_ALIGN || align <= self.align as usize;
        if size > 0 && is_aligned && size <= self.smallest as usize {
            return Ok(0);
        }
        self.larger_class_of(type_name::<T>(), size, align)
    }

    #[inline(never)]
    fn larger_class_of(&self, type_name: &'static str, size: usize, align: usize) -> Result<u32, AllocError> {
        let (largest, given) = (self.classes.last().map_or(0, |class| class.value_size), self.align);
        match self.classes().find(|class| size <= class.shape.value_size as usize) {
            _ if size == 0 => Err(PlaceError::ZeroSized { type_name }.into()),
            None => Err(AllocError::TooLarge { type_name, size, largest }),
            Some(_) if align > given as usize => Err(AllocError::Misaligned { type_name, align, given }),
            Some(class) => Ok(class.number),
        }
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

    /// The header of a slot that a thread has taken, or keeps.
    #[inline]
    #[expect(clippy::unused_self, reason = "the reference lives as long as it is borrowed")]
    pub(crate) fn slot(&self, kept: Kept) -> &SlotShared {
        // SAFETY: a `Kept` is made for places of slots alone (`Class::place`), and used with the
        // allocator that has them. The arena, in whose memory it is, is mapped as long as this, and
        // writable (`Arena::var` of the header); it is aligned to 8, as the first slot and the
        // distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { kept.slot.as_ref() }
    }
}

/// Keeps an allocator while this process has objects of it, and has its threads' free slots.
///
/// Objects are in a [`Count`], which is closed when the last handle goes. The closing thread has
/// all threads run a fence (`membarrier`), so one that drops an object runs none. A thread for
/// which that cannot be done has no balance of its own, and runs a fence itself. The keeper is used
/// again, and never freed: a thread that dropped the last object still looks at it.
pub(crate) struct Keeper {
    pub(crate) count: Count<{ SHARDS + 1 }>,
    /// By shard, made when one is first claimed.
    caches: [Once<Cache>; SHARDS],
    /// The allocator, once there are no handles to it: an `Arc` of it.
    kept: AtomicPtr<Opened>,
    is_used: AtomicBool,
    /// Which allocator it is (`Shape::identity`); 0 once that is not in its place any more.
    identity: AtomicU64,
    /// Where that is in this process: its first address, and the one behind it.
    place: [AtomicUsize; 2],
    /// The keeper that was made before this one.
    before: AtomicPtr<Self>,
}

/// The keeper made last: with those before it, all, used or not. (No lock, as for `claimed`.)
static LAST: AtomicPtr<Keeper> = AtomicPtr::new(ptr::null_mut());

impl Keeper {
    fn all() -> impl Iterator<Item = &'static Self> {
        // SAFETY: every such pointer but null comes from a box that was leaked (`made_new`).
        let follow = |to: &AtomicPtr<Self>| unsafe { to.load(Ordering::Acquire).as_ref() };
        std::iter::successors(follow(&LAST), move |keeper| follow(&keeper.before))
    }

    /// Returns an unused keeper, or a new one, for an allocator at this place of the process.
    fn take(place: Range<usize>, identity: u64) -> &'static Self {
        let is_taken =
            |keeper: &&Self| !keeper.is_used.load(Ordering::Relaxed) && !keeper.is_used.swap(true, Ordering::Acquire);
        let keeper = Self::all().find(is_taken).unwrap_or_else(Self::made_new);
        for (end, address) in keeper.place.iter().zip([place.start, place.end]) {
            end.store(address, Ordering::Relaxed);
        }
        keeper.identity.store(identity, Ordering::Release);
        keeper
    }

    fn made_new() -> &'static Self {
        let new: &Self = Box::leak(Box::new(Self {
            count: Count::new(),
            caches: [const { Once::new() }; SHARDS],
            kept: AtomicPtr::new(ptr::null_mut()),
            is_used: AtomicBool::new(true),
            place: [const { AtomicUsize::new(0) }; 2],
            identity: AtomicU64::new(0),
            before: AtomicPtr::new(ptr::null_mut()),
        }));
        let _ = LAST.fetch_update(Ordering::Release, Ordering::Acquire, |last| {
            new.before.store(last, Ordering::Relaxed);
            Some(ptr::from_ref(new).cast_mut())
        });
        new
    }

    /// Returns the places of allocators that this process uses, which overlap with this range.
    pub(crate) fn overlapping(range: Range<usize>) -> Vec<Range<usize>> {
        let place = |keeper: &Self| {
            let identity = keeper.identity.load(Ordering::Acquire);
            let [start, end] = keeper.place.each_ref().map(|end| end.load(Ordering::Acquire));
            // If it is another's meanwhile, the two numbers may be of two places.
            let is_used = identity != 0 && keeper.identity.load(Ordering::Relaxed) == identity;
            is_used.then_some(start..end)
        };
        let overlap = |place: &Range<usize>| place.start < range.end && range.start < place.end;
        Self::all().filter_map(place).filter(overlap).collect()
    }

    /// An allocator is not in its place any more, whichever handle it was opened by.
    pub(crate) fn drained(identity: u64) {
        fence(Ordering::SeqCst);
        for keeper in Self::all() {
            let _ = keeper.identity.compare_exchange(identity, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Returns what the thread with a shard has, if there is a cache: that thread alone may use it.
    pub(crate) fn own(&'static self, shard: usize) -> Option<Own> {
        Some(Own { cache: self.caches[shard].get()?, balance: self.count.own(shard) })
    }

    /// As `own`, but makes the cache if there is none; `None` if that fails (`Cache::leaked`).
    pub(crate) fn own_or_new(&'static self, shard: usize) -> Option<Own> {
        self.caches[shard].get_or(Cache::leaked).ok().and_then(|_| self.own(shard))
    }

    /// Counts an object that is dropped. After this the allocator may be gone.
    #[inline]
    pub(crate) fn gone(&self, own: Option<Own>) {
        let balance = own.map(|own| own.balance);
        let is_last = self.count.gone(balance, || match balance {
            // That is enough: `membarrier` knows this thread.
            Some(_) => compiler_fence(Ordering::SeqCst),
            None => fence(Ordering::SeqCst),
        });
        if is_last {
            self.let_go();
        }
    }

    /// The last handle goes: keeps the allocator until there are no objects.
    pub(crate) fn close(&self, kept: Arc<Opened>) {
        let serial = kept.serial;
        self.kept.store(Arc::into_raw(kept).cast_mut(), Ordering::Relaxed);
        let is_last = self.count.close(serial, || {
            fence(Ordering::SeqCst);
            // If it cannot be had, no thread has a balance of its own, unless a seccomp filter came
            // later: then an object that is dropped just now may leave the memory mapped for ever.
            let _ = membarrier::barrier();
        });
        if is_last {
            self.let_go();
        }
    }

    /// Lets go of the allocator. The count has told one caller to, after a `close`.
    #[cold]
    fn let_go(&self) {
        let kept = self.kept.swap(ptr::null_mut(), Ordering::Acquire);
        if !kept.is_null() {
            // SAFETY: `close` got it from `Arc::into_raw`, and nobody else has taken it since.
            drop(unsafe { Arc::from_raw(kept) });
        }
    }
}
