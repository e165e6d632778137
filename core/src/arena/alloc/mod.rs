//! [`Allocator`]: typed objects in an arena, which Rust and BPF programs make, share, hand over and free together.
//!
//! What is in memory is in `layout`, how a slot changes hands in `control`, the lock-free lists in `stack`, how long this process keeps the
//! memory in `keeper`, by a `count`, what a thread has for itself in `shard`, and the free slots among that in `cache`; `recover` puts an
//! allocator right whose users died.

mod cache;
mod config;
mod control;
mod count;
mod error;
mod keeper;
mod layout;
mod object;
mod recover;
mod shard;
mod stack;

use std::any::type_name;
use std::collections::HashSet;
use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, compiler_fence, fence};
use std::sync::{Arc, Weak};

pub use config::Config;
pub use error::AllocError;
pub use object::Object;
pub use recover::Recovered;

use super::{Arena, ArenaPtr, Pages};
use crate::{Error, Kptr, Local, MapValue, Shared, Storable, Var};
use cache::Kept;
use config::{Geometry, Shape};
use control::{Control, Holder, Word};
use keeper::Keeper;
use layout::{Header, SLOT_HEADER, SlotShared, state};
use shard::Own;
use stack::{Broken, Words};

/// What the count of objects is made of.
mod sync {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
    pub(super) use std::sync::{Mutex, PoisonError};
}

/// A slot of an allocator, by numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SlotRef {
    class: u32,
    index: u32,
}

impl SlotRef {
    pub(super) const fn new(class: u32, index: u32) -> Self {
        Self { class, index }
    }
}

/// Hands out typed objects in an arena, to Rust and to BPF programs.
///
/// A clone is another handle to the same allocator; handles and objects are `Send + Sync + 'static`. Other processes that have the arena
/// [`open`](Self::open) it, and BPF programs take its address, [`as_ptr`](Self::as_ptr) (`mapvalue/alloc.bpf.h`).
///
/// ```
/// use mapvalue::arena::{AllocError, Allocator, Config};
/// use mapvalue::{Arena, MapValue};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Flow {
///     packets: u64,
///     bytes: u64,
/// }
///
/// let arena = Arena::memfd(64)?;
/// let flows = Allocator::create(&arena, Config { value_size: 16, capacity: 1000, ..Config::default() })?;
/// let flow = flows.alloc(Flow { packets: 1, bytes: 60 })?;
/// flow.packets.fetch_add(1);
///
/// let ptr = flow.into_ptr(); // handed over: a BPF program could free it now
/// let flow = flows.claim(ptr)?; // and back
/// drop(flow); // freed
/// assert!(matches!(flows.free(ptr), Err(AllocError::AlreadyFree { .. })));
/// assert_eq!(flows.stats().live, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is checked
///
/// The word before an object says whose slot it is, who holds it and for the how many-th time, and the next what type it is of. It is cross-checked
/// with the allocator's own bounds, which this process has a copy of, whenever a pointer is freed or claimed. So a foreign pointer, one
/// into the middle of an object, a stale one, one to another type and a second free are errors. BPF programs can write to all of that; what they write is
/// taken for a number like any other: it can lead to errors and lost slots, until the allocator is [recovered](Self::recover). Of two who are
/// led to one slot, by a list that was written over, one gets it. Only if the word of an object itself is made to say that it is free, or the
/// slot is made one that was never used, can it be handed out again: then whoever had it first finds another word there when the object
/// is dropped or handed over, frees nothing, and [`Stats::failed`] counts it.
///
/// # Lifetimes
///
/// Handles can go while there are objects: those stay, and can be freed, and the memory is unmapped when the last one goes.
/// [`close`](Self::close) is for all processes: no one can make objects any more, and once the last is freed, the pages can be given
/// back.
///
/// A thread keeps a few free slots for itself, at most 63 of each size, so that it makes and frees objects by plain loads and stores; other threads
/// cannot have those until it ends. Of a small allocator it keeps none. (It does so where `membarrier` is to be had, Linux 4.16, by which
/// who closes the allocator waits for it; elsewhere an object costs some atomic operations.)
///
/// A child that was forked has the memory of a memfd arena, and copies of the objects, of which each is to be dropped on one side alone
/// ([`std::mem::forget`] the other). It shares none of the slots that threads of its parent keep.
pub struct Allocator {
    inner: Arc<Inner>,
}

/// How many objects there are and were.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
/// let one = objects.alloc(1u64)?;
/// let stats = objects.stats();
/// assert_eq!((stats.live, stats.free, stats.capacity), (1, 99, 100));
/// assert_eq!((stats.classes[0].value_size, stats.classes[0].live), (8, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects. While others make and free some, it is an estimate, in which slots that are on their way count once too often or not at all, and of
    /// those that a thread of another process keeps up to 63; [`Closing::remaining`] is exact.
    pub live: u64,
    /// Slots without an object.
    pub free: u64,
    /// Slots.
    pub capacity: u64,
    /// Objects that were refused, since no slot was free or the list was broken, or that could not be freed, since somebody had written over
    /// their word.
    pub failed: u64,
    /// The same by size of slot, from small to large.
    pub classes: Vec<ClassStats>,
}

/// Of the slots of one size.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{Allocator, Arena};
///
/// let arena = Arena::memfd(1024)?;
/// let objects = Allocator::create(&arena, Config { capacity: 16, ..Config::default() })?; // of 13 sizes
/// let _one = objects.alloc([0u64; 5])?; // 40 bytes
/// let class = objects.stats().classes.into_iter().find(|class| class.live > 0).expect("an object");
/// assert_eq!((class.value_size, class.live, class.capacity), (48, 1, 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of a value, at most.
    pub value_size: u32,
    /// Objects.
    pub live: u64,
    /// Slots.
    pub capacity: u32,
    /// Slots that were used at some time.
    pub used: u32,
}

/// An allocator as this process sees it.
pub(super) struct Inner {
    header: Var<Header>,
    id: u32,
    /// What the header says of its state while it hands out objects.
    live: u32,
    /// Whether this handle's process has found it drained: from then on its place may be another's, and is not even looked at.
    drained: AtomicBool,
    /// The low half of a free slot's word.
    free: u64,
    /// Free slots of a class that a thread of this process keeps at most.
    magazine: u32,
    /// The same of processes that may use `membarrier`, as the header says.
    header_magazine: u32,
    align: u32,
    /// Whether threads of some process keep slots, and leave a fence to who closes the allocator.
    asymmetric: bool,
    /// Bytes of a value in the first class.
    smallest: u32,
    classes: Box<[Geometry]>,
    /// Of all that this process ever has, another number each.
    serial: u64,
    keeper: &'static Keeper,
    arena: Arena,
    /// Of `Allocator`s.
    handles: AtomicUsize,
    /// Shards that threads of this process have claimed, or of the one that it was forked from: a bit for each. (Not a lock, which a thread
    /// that a child does not have could hold.)
    claimed: AtomicU64,
    this: Weak<Inner>,
}

/// A slot that is held for an object, and its word.
struct Held {
    slot: NonNull<SlotShared>,
    control: Control,
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

/// Making and opening one.
impl Allocator {
    /// Makes an allocator in pages of the arena that are the caller's: those from `config.at` on.
    ///
    /// Nothing but the header is written.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(64)?;
    /// let config = Config { value_size: 64, capacity: 1000, at: Some(arena.page(8)), ..Config::default() };
    /// let objects = Allocator::create(&arena, config)?;
    /// assert_eq!(objects.as_ptr(), arena.page(8));
    /// assert!(Allocator::create(&arena, Config { capacity: 1 << 20, ..config }).is_err()); // more than there is
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::Config`]; [`AllocError::Arena`] if it does not fit into the arena, or the arena is read-only.
    pub fn create(arena: &Arena, config: Config) -> Result<Self, AllocError> {
        let header = config::write(arena, &config)?;
        Self::of(arena, header)
    }

    /// The allocator at `at`, which another process made, or this one before it was started again.
    ///
    /// If a process died that used it, [`recover`](Self::recover) it.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let ours = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let theirs = Allocator::open(&arena, ours.as_ptr())?; // as another process does
    /// theirs.free(ours.alloc(7u64)?.into_ptr())?;
    /// assert!(Allocator::open(&arena, arena.page(8)).is_err()); // there is none
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::NoAllocator`] with what is wrong: the magic number, the version, or sizes that lead out of the arena;
    /// [`AllocError::Arena`].
    pub fn open(arena: &Arena, at: ArenaPtr<()>) -> Result<Self, AllocError> {
        let header = arena.var::<Header>(at.cast())?;
        Self::of(arena, header)
    }

    fn of(arena: &Arena, header: Var<Header>) -> Result<Self, AllocError> {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        // All that this goes by is read once, and checked: the header may change meanwhile.
        let Shape { id, live, align, magazine, asymmetric, classes } = config::read(arena, &header)?;
        // Whether who closes it has all threads run a fence, so that those that keep slots need none.
        let is_asymmetric = asymmetric && keeper::register();
        let inner = Arc::new_cyclic(|this| Inner {
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
            keeper: Keeper::take(),
            arena: arena.clone(),
            handles: AtomicUsize::new(1),
            claimed: AtomicU64::new(0),
            this: Weak::clone(this),
        });
        Ok(Self { inner })
    }

    /// Where it is: what a BPF program, or another process, needs to use it.
    pub fn as_ptr(&self) -> ArenaPtr<()> {
        self.inner.start().cast()
    }
}

/// Objects.
impl Allocator {
    /// Makes an object.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfSlots`], [`AllocError::TooLarge`], [`AllocError::Misaligned`], [`AllocError::Closed`],
    /// [`AllocError::Recovering`], [`AllocError::Corrupt`]; [`AllocError::Arena`] for a type of no bytes.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the object would be returned through memory, which takes as long as all the rest"
    )]
    pub fn alloc<T: Storable>(&self, value: T) -> Result<Object<T>, AllocError> {
        let inner = &*self.inner;
        let class = inner.class_of::<T>()?;
        let held = match inner.take_last(class).or_else(|| inner.take_kept(class)) {
            Some(held) => held,
            None => inner.take(class)?,
        };
        // Only now, behind the store to the slot's word: who closes the allocator first says so and then looks what there is, so either this
        // sees that it is closed, or that is seen to have been taken. It takes a full fence between the two, which a thread that
        // keeps slots leaves to who closes (`keeper::barrier`); for every other it is the exchange of `hold`.
        compiler_fence(Ordering::SeqCst);
        let state = inner.header.state.load();
        if state != inner.live {
            return Err(inner.refuse(class, held, state));
        }
        // SAFETY: it is a slot that was taken.
        unsafe { inner.header(held.slot) }.type_id.store(const { T::LAYOUT.type_id() });
        // SAFETY: `class_of` has found that a `T` fits, and that it is aligned; the slot is one of this class that is held for an object, and
        // was counted.
        let object = unsafe { inner.object(class, held) };
        T::__store(&object, &value);
        Ok(object)
    }

    /// Frees an object that was handed over: one that [`Object::into_ptr`] gave, or that a BPF program made.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{AllocError, Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let kptr = objects.alloc(7u64)?.into_kptr();
    /// objects.free(kptr)?;
    /// assert!(objects.free(kptr).is_err());
    /// let one = objects.alloc(8u64)?;
    /// assert!(matches!(objects.free(one.as_ptr()), Err(AllocError::Owned { .. }))); // it is `one`'s to free
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::ForeignObject`], [`AllocError::InteriorPointer`], [`AllocError::AlreadyFree`], [`AllocError::Stale`],
    /// [`AllocError::Owned`], [`AllocError::WrongType`], [`AllocError::Corrupt`]; [`AllocError::Arena`] for a pointer that leads out of the arena.
    pub fn free<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(), AllocError> {
        let inner = &*self.inner;
        let (class, slot, control) = inner.find::<T>(ptr)?;
        let control = inner.exchange(class, slot, control, Holder::Kept)?;
        inner.put_back(inner.own(), class, Kept { slot, control });
        Ok(())
    }

    /// Makes what was handed over an object of this process: it belongs to the `Object` alone from then on.
    ///
    /// ```
    /// # use mapvalue::arena::Config;
    /// # use mapvalue::{Allocator, Arena, Object};
    /// # let arena = Arena::memfd(16)?;
    /// # let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let ptr = objects.alloc(7u64)?.into_ptr();
    /// let one: Object<u64> = objects.claim(ptr)?;
    /// assert_eq!(one.load(), 7);
    /// assert!(objects.claim(ptr).is_err()); // it has an owner
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`free`](Self::free).
    pub fn claim<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<Object<T>, AllocError> {
        let inner = &*self.inner;
        let (class, slot, control) = inner.find::<T>(ptr)?;
        let control = inner.exchange(class, slot, control, Holder::Object)?;
        inner.keeper.made(inner.own());
        // SAFETY: `find` has checked the place for a `T`; the slot is held for an object now, which was counted.
        Ok(unsafe { inner.object(class, Held { slot, control }) })
    }

    /// Takes and frees all objects that fields hold, such as those of a map's values before the map is deleted; how many there were.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena, Kptr, Local, Mapping};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let map = Mapping::memfd(8 * 64)?; // a map, each of whose values is such a field
    /// let fields = map.array::<Kptr<u64, Local>>()?;
    /// assert!(fields[3].replace(objects.alloc(7u64)?.into_kptr()).is_null());
    /// assert_eq!(objects.drain_objects(&fields)?, 1);
    /// assert_eq!(objects.stats().live, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first of [`free`](Self::free); the field that held the pointer is empty then, and those after it are as they were.
    pub fn drain_objects<'a, T: MapValue>(
        &self,
        fields: impl IntoIterator<Item = &'a Shared<Kptr<T, Local>>>,
    ) -> Result<u64, AllocError> {
        let mut count = 0;
        for field in fields {
            let kptr = field.take();
            if !kptr.is_null() {
                self.free(kptr)?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// The whole.
impl Allocator {
    /// Counts.
    pub fn stats(&self) -> Stats {
        self.inner.stats()
    }

    /// Ends it for all processes and programs: from now on nobody can make objects ([`AllocError::Closed`]), and everybody can free
    /// them. When the last is freed, the [`Closing`] knows, and the pages can be given back.
    ///
    /// Then anything may be made in its place, another allocator too. What is left of this one, handles in any process and slots that threads
    /// keep, stays away from there; only an [`alloc`](Self::alloc) or [`free`](Self::free) that is still in the middle of something then may write
    /// there once more.
    ///
    /// # Errors
    ///
    /// [`AllocError::Closed`] if somebody else did, [`AllocError::Recovering`]; [`AllocError::Arena`] if this process may not use `membarrier`, by
    /// which it waits for threads of others that may.
    pub fn close(self) -> Result<Closing, AllocError> {
        // If that cannot be had, nothing is changed.
        self.inner.barrier()?;
        let changed = self.inner.header.state.compare_exchange(self.inner.live, self.inner.word_of(state::CLOSING));
        if let Err(found) = changed {
            return Err(self.inner.not_live(found));
        }
        // Pairs with what is between the two in `alloc`: from here on no slot is seen as free that is an object's.
        self.inner.barrier()?;
        Ok(Closing { allocator: self })
    }

    /// The closing of an allocator that was closed, be it by somebody else, who may have died since; `None` if it was not.
    ///
    /// It is also `None`, whether or not it was closed, where the allocator was made to use `membarrier` and this process may not (a
    /// seccomp filter refuses it): without it there is no telling which slots other threads still take. [`close`](Self::close) is an
    /// error then.
    ///
    /// ```
    /// # use mapvalue::arena::Config;
    /// # use mapvalue::{Allocator, Arena};
    /// # let arena = Arena::memfd(16)?;
    /// # let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// assert!(objects.closing().is_none());
    /// let other = objects.clone();
    /// objects.close()?;
    /// assert!(other.closing().is_some_and(|closing| closing.is_drained()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn closing(&self) -> Option<Closing> {
        let found = self.inner.header.state.load();
        let is_closed = [state::CLOSING, state::DRAINED].map(|state| self.inner.word_of(state)).contains(&found);
        // As in `close`; if it cannot be had here, there is none for who may not close either.
        (self.inner.barrier().is_ok() && is_closed).then(|| Closing { allocator: self.clone() })
    }

    /// Puts an allocator right that a process or program left in the middle of something.
    ///
    /// Slots that are in no list and hold no object that was handed over are free again: those that an `Object` of a dead process
    /// held, and those that were on their way. Objects that were handed over stay. What the header says of the allocator is written anew, as it was when this
    /// handle was made.
    ///
    /// Nobody else may use the allocator while this runs, and this process may hold no objects of it. Others that try are refused
    /// ([`AllocError::Recovering`]), but one that is in the middle of something is not waited for.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let _handed_over = objects.alloc(1u64)?.into_ptr();
    /// let recovered = objects.recover()?;
    /// assert_eq!((recovered.live, recovered.free), (1, 99));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::InUse`] if there are objects of this handle or its clones; those of one that was opened apart are not known to it.
    pub fn recover(&self) -> Result<Recovered, AllocError> {
        recover::recover(&self.inner, |_| true)
    }

    /// As [`recover`](Self::recover), and of the objects that were handed over only those stay that `reachable` has: what the fields hold
    /// that are known. The others were in the hands of who died, just after a field was exchanged, and are freed.
    ///
    /// ```
    /// use mapvalue::Arena;
    /// use mapvalue::arena::{Allocator, Config};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
    /// let (kept, lost) = (objects.alloc(1u64)?.into_kptr(), objects.alloc(2u64)?.into_kptr());
    /// let recovered = objects.recover_reachable([kept.offset()])?;
    /// assert_eq!((recovered.live, recovered.orphans), (1, 1));
    /// assert!(objects.free(lost).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`recover`](Self::recover).
    pub fn recover_reachable(&self, reachable: impl IntoIterator<Item = u32>) -> Result<Recovered, AllocError> {
        let reachable: HashSet<u32> = reachable.into_iter().collect();
        recover::recover(&self.inner, |offset| reachable.contains(&offset))
    }
}

/// An allocator that was closed, for as long as there are objects.
///
/// ```
/// use mapvalue::arena::Config;
/// use mapvalue::{AllocError, Allocator, Arena};
///
/// let arena = Arena::memfd(16)?;
/// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 100, ..Config::default() })?;
/// let ptr = objects.alloc(7u64)?.into_ptr();
/// let closing = objects.close()?;
/// assert!(matches!(closing.allocator().alloc(8u64), Err(AllocError::Closed)));
/// assert_eq!((closing.remaining(), closing.is_drained()), (1, false));
/// closing.allocator().free(ptr)?;
/// assert!(closing.is_drained()); // now `give_back(&pages)`, of a kernel arena
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Closing {
    allocator: Allocator,
}

impl Closing {
    /// Objects that are still there: exact, by a look at each slot that was ever used. None, and the allocator is drained: its pages can be
    /// given back.
    pub fn remaining(&self) -> u64 {
        let inner = &self.allocator.inner;
        let held = inner.held();
        if held == 0 {
            // Whether or not somebody else has said so.
            let [closing, drained] = [state::CLOSING, state::DRAINED].map(|state| inner.word_of(state));
            let _ = inner.header.state.compare_exchange(closing, drained);
            inner.drained.store(true, Ordering::Relaxed);
        }
        held
    }

    /// Whether no object is left.
    pub fn is_drained(&self) -> bool {
        self.remaining() == 0
    }

    /// Objects can still be freed, claimed and drained.
    pub fn allocator(&self) -> &Allocator {
        &self.allocator
    }

    /// Gives the whole pages that it took back to the kernel (`bpf_arena_free_pages`), once there are no objects; how many.
    ///
    /// ```no_run
    /// # use mapvalue::arena::Config;
    /// # use mapvalue::{Allocator, Arena, ArenaFlags};
    /// let arena = Arena::create(64, ArenaFlags::default())?;
    /// let objects = Allocator::create(&arena, Config { value_size: 8, capacity: 1000, ..Config::default() })?;
    /// let closing = objects.close()?;
    /// if closing.is_drained() {
    ///     assert!(closing.give_back(&arena.pages()?)? > 0);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`AllocError::InUse`] while there are objects; [`AllocError::Arena`], also if the pages are of another arena.
    pub fn give_back(&self, pages: &Pages) -> Result<u64, AllocError> {
        let objects = self.remaining();
        if objects > 0 {
            return Err(AllocError::InUse { objects });
        }
        let (arena, (start, bytes)) = (&self.allocator.inner.arena, self.span());
        pages.arena().slice_ro::<u8>(start.cast(), usize::try_from(bytes).unwrap_or(usize::MAX))?;
        let (offset, page) = (start.address() - arena.start(), arena.page_size());
        let range = offset.div_ceil(page)..(offset + bytes) / page;
        if range.start < range.end {
            pages.free(range.clone())?;
        }
        Ok(range.end.saturating_sub(range.start))
    }

    /// The bytes of the arena that it takes, from its header on.
    ///
    /// ```
    /// # use mapvalue::arena::Config;
    /// # use mapvalue::{Allocator, Arena};
    /// # let arena = Arena::memfd(16)?;
    /// let config = Config { value_size: 8, capacity: 100, ..Config::default() };
    /// let closing = Allocator::create(&arena, config)?.close()?;
    /// assert_eq!(closing.span(), (arena.page(1), config.bytes()?)); // where, and how many bytes
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn span(&self) -> (ArenaPtr<()>, u64) {
        let inner = &self.allocator.inner;
        let start = inner.start();
        (start.cast(), inner.end() - start.address())
    }
}

impl Clone for Allocator {
    fn clone(&self) -> Self {
        self.inner.handles.fetch_add(1, Ordering::Relaxed);
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl Drop for Allocator {
    fn drop(&mut self) {
        if self.inner.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.inner.keeper.close(Arc::clone(&self.inner));
        }
    }
}

impl fmt::Debug for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocator").field("at", &self.as_ptr()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What is corrupt if no exchange of a word ever comes to pass.
const RESTLESS: &str = "a list of free slots, which somebody changes all the time,";

#[cold]
fn corrupt(what: &'static str, at: u64, found: u64) -> AllocError {
    AllocError::Corrupt { what, at, found }
}

impl Inner {
    fn start(&self) -> ArenaPtr<Header> {
        self.arena.ptr_of(&*self.header).expect("the header is in the arena")
    }

    /// The address behind the last slot.
    fn end(&self) -> u64 {
        self.classes.last().map_or(0, Geometry::end)
    }

    /// A full fence of this thread, and of all that leave theirs to who closes.
    fn barrier(&self) -> Result<(), AllocError> {
        fence(Ordering::SeqCst);
        if self.asymmetric {
            keeper::barrier()?;
        }
        Ok(())
    }

    /// What this thread has for itself.
    fn own(&self) -> Option<Own> {
        shard::of_this_thread(self)
    }

    /// The class of slots for values of type `T`.
    #[inline]
    fn class_of<T: MapValue>(&self) -> Result<u32, AllocError> {
        let (size, align) = (T::LAYOUT.size(), T::LAYOUT.align());
        // Slots are aligned to that at least (`config::read`). A pointer to no bytes leads to nothing.
        let is_aligned = align <= config::MIN_ALIGN || align <= self.align as usize;
        if size > 0 && is_aligned && size <= self.smallest as usize {
            return Ok(0);
        }
        self.larger_class_of(size, align).ok_or_else(|| self.does_not_fit::<T>())
    }

    #[inline(never)]
    fn larger_class_of(&self, size: usize, align: usize) -> Option<u32> {
        let class = self.classes.iter().position(|class| size <= class.value_size as usize)?;
        if size > 0 && align <= self.align as usize { u32::try_from(class).ok() } else { None }
    }

    #[cold]
    fn does_not_fit<T: MapValue>(&self) -> AllocError {
        let (type_name, size, align) = (type_name::<T>(), T::LAYOUT.size(), T::LAYOUT.align());
        if size == 0 {
            return AllocError::Arena(Error::ZeroSized { type_name });
        }
        match self.classes.last() {
            Some(largest) if size > largest.value_size as usize => {
                AllocError::TooLarge { type_name, size, largest: largest.value_size }
            }
            _ => AllocError::Misaligned { type_name, align, given: self.align },
        }
    }

    /// The address of the value in a slot.
    fn address_of(&self, class: u32, slot: NonNull<SlotShared>) -> u64 {
        self.classes[class as usize].address_of(slot) + SLOT_HEADER as u64
    }

    fn address_at(&self, slot: SlotRef) -> u64 {
        let class = &self.classes[slot.class as usize];
        class.first + u64::from(slot.index) * u64::from(class.stride) + SLOT_HEADER as u64
    }

    /// The place of a slot. The index is less than the capacity of its class.
    fn place(&self, slot: SlotRef) -> NonNull<SlotShared> {
        let Some(place) = self.classes[slot.class as usize].slot(slot.index) else {
            unreachable!("there is no slot {}", slot.index)
        };
        place
    }

    /// The header of a slot. The index is less than the capacity of its class.
    fn slot(&self, slot: SlotRef) -> &SlotShared {
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
    unsafe fn header(&self, slot: NonNull<SlotShared>) -> &SlotShared {
        // SAFETY: the arena, in whose memory it is (`Geometry::slot`), is mapped as long as this, and writable (`Arena::var` of the
        // header); it is aligned to 8, as the first slot and the distance of slots are (`config::read`); any bits are a valid mirror.
        unsafe { slot.as_ref() }
    }

    /// Takes the slot that this thread put back last, for an object, and counts that; `None` if there is none, or its word has been written
    /// over, and then nothing is changed.
    #[inline]
    fn take_last(&self, class: u32) -> Option<Held> {
        let own = shard::last(self)?;
        own.cache.pop_last_if(class, |kept| self.hold_kept(own, kept))
    }

    /// Takes any that this thread keeps.
    #[inline(never)]
    fn take_kept(&self, class: u32) -> Option<Held> {
        let own = self.own()?;
        own.cache.pop_if(class, |kept| self.hold_kept(own, kept))
    }

    /// Makes a slot that this thread keeps that of an object; `None` if its word has been written over.
    #[inline]
    fn hold_kept(&self, own: Own, Kept { slot, control }: Kept) -> Option<Held> {
        // SAFETY: what a thread keeps are slots of this allocator.
        let control = control::take(unsafe { self.header(slot) }.control.atomic(), control)?;
        own.balance.made();
        Some(Held { slot, control })
    }

    /// Takes a free slot for an object wherever there is one, and counts that.
    #[cold]
    #[inline(never)]
    fn take(&self, class: u32) -> Result<Held, AllocError> {
        // Looked at before anything is changed as well: if it was closed, what is there can be another's.
        let state = self.header.state.load();
        if state != self.live {
            return Err(self.not_live(state));
        }
        let own = self.own_of_this_process(self.own());
        let taken = self.take_shared(own, class);
        match taken {
            Ok(_) => self.keeper.made(own),
            Err(_) => drop(self.header.failed.fetch_add(1)),
        }
        if let Some(own) = own {
            self.tell(own, class);
        }
        taken
    }

    fn take_shared(&self, own: Option<Own>, class: u32) -> Result<Held, AllocError> {
        while let Some(kept) = own.and_then(|own| own.cache.pop(class)) {
            // SAFETY: what a thread keeps are slots of this allocator.
            let word = unsafe { &self.header(kept.slot).control };
            if let Some(control) = control::take(word.atomic(), kept.control) {
                return Ok(Held { slot: kept.slot, control });
            }
            if !self.is_recovered(kept) {
                return Err(self.not_free(class, kept.slot));
            }
        }
        let index = self.pop_shared(own, class)?;
        self.hold(SlotRef::new(class, index))
    }

    /// Gives a slot back that was taken before it was seen that there shall be no objects; why not.
    #[cold]
    fn refuse(&self, class: u32, Held { slot, control }: Held, state: u32) -> AllocError {
        // SAFETY: it is a slot of this allocator.
        unsafe { self.free_held(class, slot, control) };
        self.not_live(state)
    }

    /// What the header says of a state of this allocator.
    const fn word_of(&self, state: u32) -> u32 {
        self.live & !state::BITS | state
    }

    /// Why it hands out no objects.
    fn not_live(&self, found: u32) -> AllocError {
        if found == self.word_of(state::RECOVERING) { AllocError::Recovering } else { AllocError::Closed }
    }

    /// Whether it is still in its place. When it is drained, something else may be there, which shall not find free slots of this in its lists.
    fn is_in_place(&self) -> bool {
        let is_in = |state| [self.live, self.word_of(state::CLOSING)].contains(&state);
        !self.drained.load(Ordering::Relaxed) && is_in(self.header.state.load())
    }

    /// Makes a slot that came from a list that of an object.
    fn hold(&self, slot: SlotRef) -> Result<Held, AllocError> {
        let word = self.slot(slot).control.atomic();
        match control::hand_out(word, self.free) {
            Ok(control) => Ok(Held { slot: self.place(slot), control }),
            Err(_) => Err(self.not_free(slot.class, self.place(slot))),
        }
    }

    #[cold]
    fn not_free(&self, class: u32, slot: NonNull<SlotShared>) -> AllocError {
        // SAFETY: it is a slot of this allocator.
        let found = unsafe { self.header(slot) }.control.load();
        corrupt("the word of a free slot", self.classes[class as usize].address_of(slot), found)
    }

    /// The object in a slot that is held for one.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator and class, with room for a `T`, which is aligned there, and its word says that an object holds
    /// it, which was counted (`Keeper::made`).
    #[inline]
    unsafe fn object<T: MapValue>(&self, class: u32, Held { slot, control }: Held) -> Object<T> {
        // SAFETY: behind the header of a slot there are `value_size` bytes, inside of the arena (`config::read`).
        let value = unsafe { slot.byte_add(SLOT_HEADER) };
        // SAFETY: the caller's promise.
        unsafe { Object::new(value.cast(), control, class, NonNull::from(self)) }
    }

    /// Frees the slot of an object, which nobody else can, and counts that, if this thread can keep it as the last: whether it does. After it has,
    /// the allocator may be gone.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline]
    unsafe fn keep_held(&self, class: u32, slot: NonNull<SlotShared>, held: Control) -> bool {
        let (keeper, Some(own)) = (self.keeper, shard::last(self)) else { return false };
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header(slot).control };
        let control = held.held_by(Holder::Kept);
        if word.load() != held.0 || !own.cache.push_last(class, Kept { slot, control }) {
            return false;
        }
        word.store_release(control.0);
        // Nothing of `self` is used after this.
        keeper.gone(Some(own));
        true
    }

    /// Hands over the slot of an object.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    unsafe fn hand_over(&self, slot: NonNull<SlotShared>, held: Control) {
        // SAFETY: the caller's promise.
        if !control::let_go(unsafe { self.header(slot) }.control.atomic(), held, Holder::Shared) {
            self.lost();
        }
    }

    /// Frees the slot of an object, which nobody else can, and counts that. After it has, the allocator may be gone.
    ///
    /// # Safety
    ///
    /// It is the place of a slot of this allocator.
    #[inline(never)]
    unsafe fn free_held(&self, class: u32, slot: NonNull<SlotShared>, held: Control) {
        let (keeper, own) = (self.keeper, self.own());
        // SAFETY: the caller's promise.
        let word = unsafe { &self.header(slot).control };
        if control::let_go(word.atomic(), held, Holder::Kept) {
            self.put_back(own, class, Kept { slot, control: held.held_by(Holder::Kept) });
        } else {
            self.lost();
        }
        // Nothing of `self` is used after this.
        keeper.gone(own);
    }

    /// Somebody has scribbled on the word of a slot: what it says now is not what this may undo. It is found when the allocator is recovered.
    fn lost(&self) {
        self.header.failed.fetch_add(1);
    }

    /// Exchanges the word of a slot that somebody else might exchange as well; the new one.
    fn exchange(
        &self,
        class: u32,
        slot: NonNull<SlotShared>,
        found: Control,
        to: Holder,
    ) -> Result<Control, AllocError> {
        // SAFETY: `find` has found it among the slots.
        let word = unsafe { self.header(slot) }.control.atomic();
        control::exchange(word, found, to)
            .map_err(|now| self.not_shared(self.address_of(class, slot), now, found.generation()))
    }

    /// Why a slot is not one that was handed over.
    #[cold]
    fn not_shared(&self, at: u64, control: Control, expected: u32) -> AllocError {
        match control.holder() {
            _ if control.id() != self.id => corrupt("the word of a slot", at - SLOT_HEADER as u64, control.0),
            Holder::Free | Holder::Kept => AllocError::AlreadyFree { at },
            _ if control.generation() != expected => AllocError::Stale { at, expected, found: control.generation() },
            Holder::Object | Holder::Shared => AllocError::Owned { at },
        }
    }

    /// The slot of an object of type `T` that was handed over, with its class and its word.
    fn find<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(u32, NonNull<SlotShared>, Control), AllocError> {
        let (address, generation) = ptr.parts();
        let ptr = self.arena.full(ArenaPtr::<T>::from_address(address));
        self.arena.get_ro(ptr)?;
        let slot = self.slot_at(ptr.address())?;
        let header = self.slot(slot);
        let control = Control(header.control.load_acquire());
        let expected = generation.unwrap_or(control.generation());
        if control != Control::new(self.id, Holder::Shared, expected) {
            return Err(self.not_shared(ptr.address(), control, expected));
        }
        let (found, expected) = (header.type_id.load(), const { T::LAYOUT.type_id() });
        if found != expected {
            return Err(AllocError::WrongType { at: ptr.address(), type_name: type_name::<T>(), expected, found });
        }
        // What was written there may say so of any slot, and of two types in a great many the number is the same.
        if T::LAYOUT.size() > self.classes[slot.class as usize].value_size as usize {
            return Err(corrupt("the type of an object that is too small for it,", ptr.address() - 8, found.into()));
        }
        Ok((slot.class, self.place(slot), control))
    }

    /// The slot whose value begins at an address.
    fn slot_at(&self, at: u64) -> Result<SlotRef, AllocError> {
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
}

/// Free slots.
impl Inner {
    /// Pops one of those that are nobody's, or takes one that was never used; some more for the thread to keep.
    fn pop_shared(&self, own: Option<Own>, class: u32) -> Result<u32, AllocError> {
        let more = if own.is_some() { self.magazine / 2 } else { 0 };
        let mut first = None;
        for _ in 0..=more {
            match (self.pop_listed(class), first) {
                (Ok(Some(index)), None) => first = Some(index),
                (Ok(Some(index)), Some(_)) => self.keep(own, SlotRef::new(class, index)),
                (Err(error), None) => return Err(error),
                _ => break,
            }
        }
        if let Some(first) = first {
            return Ok(first);
        }
        let mut fresh = self.take_fresh(class, more + 1)?;
        let Some(first) = fresh.next() else {
            let Geometry { capacity, value_size, .. } = self.classes[class as usize];
            return Err(AllocError::OutOfSlots { capacity, value_size });
        };
        fresh.for_each(|index| self.keep(own, SlotRef::new(class, index)));
        Ok(first)
    }

    fn pop_listed(&self, class: u32) -> Result<Option<u32>, AllocError> {
        let popped = stack::pop(&List { inner: self, class }).map_err(|broken| match broken {
            Broken::Link(link) => corrupt("a list of free slots", self.class_address(class), link.into()),
            Broken::Restless(head) => corrupt(RESTLESS, self.class_address(class), head),
        })?;
        if popped.is_some() {
            self.header.classes[class as usize].listed.fetch_sub(1);
        }
        Ok(popped)
    }

    fn push_listed(&self, slot: SlotRef) {
        match stack::push(&List { inner: self, class: slot.class }, slot.index, slot.index) {
            Ok(()) => drop(self.header.classes[slot.class as usize].listed.fetch_add(1)),
            // It is in no list: it is found when the allocator is recovered.
            Err(_) => self.lost(),
        }
    }

    /// Where the memory has what there is of a class.
    #[cold]
    fn class_address(&self, class: u32) -> u64 {
        self.arena.ptr_of(&self.header.classes[class as usize]).map_or(0, ArenaPtr::address)
    }

    /// Slots that were never used, at most `most`.
    fn take_fresh(&self, class: u32, most: u32) -> Result<std::ops::Range<u32>, AllocError> {
        let (capacity, fresh) = (self.classes[class as usize].capacity, &self.header.classes[class as usize].fresh);
        for _ in 0..stack::TRIES {
            let start = fresh.load().min(capacity);
            let end = start.saturating_add(most).min(capacity);
            if start == end {
                return Ok(0..0);
            }
            if fresh.compare_exchange(start, end).is_ok() {
                for index in start..end {
                    // What is in the memory of a new allocator is left open. The next generation: what was here before can have been another
                    // allocator, of which somebody keeps the slot.
                    let control = &self.slot(SlotRef::new(class, index)).control;
                    let generation = Control(control.load()).generation().wrapping_add(1);
                    control.store(Control::new(self.id, Holder::Free, generation).0);
                }
                return Ok(start..end);
            }
        }
        Err(corrupt(RESTLESS, self.class_address(class), fresh.load().into()))
    }

    /// Has this thread keep a free slot that is in no list.
    fn keep(&self, own: Option<Own>, slot: SlotRef) {
        match control::keep(self.slot(slot).control.atomic(), self.free) {
            Ok(control) => self.put_back(own, slot.class, Kept { slot: self.place(slot), control }),
            Err(_) => self.lost(),
        }
    }

    /// A slot whose word says that it is kept goes to those that this thread keeps. If they are as many as can be, it goes to all, and half of
    /// those with it.
    fn put_back(&self, own: Option<Own>, class: u32, kept: Kept) {
        if own.is_some_and(|own| own.cache.push(class, kept)) {
            return;
        }
        self.list(class, kept);
        if let Some(own) = self.own_of_this_process(own) {
            for _ in 0..self.magazine / 2 {
                let Some(kept) = own.cache.pop(class) else { break };
                self.list(class, kept);
            }
            if self.is_in_place() {
                self.tell(own, class);
            }
        }
    }

    /// What this thread has for itself, if it may be that of the parent of this process.
    fn own_of_this_process(&self, own: Option<Own>) -> Option<Own> {
        own.and_then(|own| if self.is_wiped(own) { shard::find_another(self, own) } else { Some(own) })
    }

    /// Whether somebody has recovered the allocator since a slot was kept, who gave it to all: its word is one of another generation.
    #[cold]
    fn is_recovered(&self, Kept { slot, control }: Kept) -> bool {
        // SAFETY: what threads keep are slots of this allocator.
        let found = Control(unsafe { self.header(slot) }.control.load());
        found.id() == self.id && found.generation() != control.generation()
    }

    /// Puts a slot that a thread kept into the list.
    fn list(&self, class: u32, kept: Kept) {
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

    #[expect(clippy::cast_possible_truncation, reason = "there are at most 16")]
    fn class_count(&self) -> u32 {
        self.classes.len() as u32
    }

    /// Slots that hold an object.
    fn held(&self) -> u64 {
        let held = |class, index| {
            let control = Control(self.slot(SlotRef::new(class, index)).control.load_acquire());
            control.id() == self.id && matches!(control.holder(), Holder::Shared | Holder::Object)
        };
        let count = |class: u32| {
            let fresh = self.header.classes[class as usize].fresh.load_acquire();
            (0..fresh.min(self.classes[class as usize].capacity)).filter(|index| held(class, *index)).count() as u64
        };
        (0..self.class_count()).map(count).sum()
    }

    /// Slots that are in use, by class: all that were ever used, less those that are in a list. A slot that is on its way counts as in use.
    fn stats(&self) -> Stats {
        let classes: Vec<_> = (0..self.class_count())
            .map(|class| {
                let Geometry { value_size, capacity, .. } = self.classes[class as usize];
                let header = &self.header.classes[class as usize];
                let free = self.kept(class) + u64::from(header.listed.load_acquire());
                // Read last, so that it is not too small.
                let used = header.fresh.load_acquire().min(capacity);
                ClassStats { value_size, live: u64::from(used).saturating_sub(free), capacity, used }
            })
            .collect();
        let live = classes.iter().map(|class| class.live).sum();
        let capacity = classes.iter().map(|class| u64::from(class.capacity)).sum::<u64>();
        Stats { live, free: capacity.saturating_sub(live), capacity, failed: self.header.failed.load(), classes }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let claimed = *self.claimed.get_mut();
        shard::shards_in(claimed).for_each(|shard| self.release_shard(shard));
        self.keeper.give_back();
    }
}

impl Word for AtomicU64 {
    #[inline]
    fn load(&self) -> u64 {
        self.load(Ordering::Relaxed)
    }
    #[inline]
    fn store_release(&self, new: u64) {
        self.store(new, Ordering::Release);
    }
    #[inline]
    fn exchange(&self, current: u64, new: u64) -> Result<u64, u64> {
        self.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire)
    }
    #[inline]
    fn exchange_and_fence(&self, current: u64, new: u64) -> Result<u64, u64> {
        let exchanged = self.compare_exchange(current, new, Ordering::SeqCst, Ordering::Relaxed);
        if cfg!(target_arch = "x86_64") {
            // The exchange is such a fence there; elsewhere, a later load may be done before its store.
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
        exchanged
    }
}

/// The free slots of a class that are nobody's.
struct List<'a> {
    inner: &'a Inner,
    class: u32,
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
