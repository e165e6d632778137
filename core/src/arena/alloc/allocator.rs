//! [`Allocator`]: the handle, and what it does; [`Stats`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::config::{self, Config};
use super::layout::{self, Header, state};
use super::object::{Object, ObjectPtr};
use super::opened::{Class, Keeper, Opened};
use super::shard;
use crate::arena::handle::Arena;
use crate::error::AllocError;
use crate::value::{ArenaPtr, Kptr, Local, MapValue, Shared, Storable};

/// Hands out typed objects in an arena, to Rust and to BPF programs.
///
/// A clone is another handle to it. Handles and objects are `Send + Sync + 'static`. Other
/// processes that have the arena [`open`](Self::open) it, and BPF programs take its address,
/// [`as_ptr`](Self::as_ptr) (`mapvalue/alloc.bpf.h`).
///
/// ```
/// use mapvalue::{AllocError, Allocator, Arena, MapValue, Object, arena::Config};
///
/// #[derive(MapValue, Clone, Copy)]
/// #[repr(C)]
/// struct Flow {
///     packets: u64,
///     bytes: u64,
/// }
///
/// let arena = Arena::memfd(64)?;
/// let config = Config { value_size: 16, capacity: 1000, ..Config::default() };
/// let flows = Allocator::create(&arena, config)?;
/// let flow = flows.alloc(Flow { packets: 1, bytes: 60 })?;
/// flow.packets.fetch_add(1);
///
/// let ptr = flow.into_ptr(); // handed over: a BPF program could free it now
/// let theirs = Allocator::open(&arena, flows.as_ptr())?; // as another process does
/// let flow: Object<Flow> = theirs.claim(ptr)?; // and back
/// assert!(matches!(flows.free(ptr), Err(AllocError::Owned { .. }))); // `flow` frees it
/// drop(flow); // freed
/// assert!(matches!(flows.free(ptr), Err(AllocError::AlreadyFree { .. })));
/// assert_eq!(flows.stats().live, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is checked
///
/// Two words before an object say which allocator has its slot, who holds it, how many times it was
/// handed out (its generation), and the object's type. Each free and claim checks them, and the
/// pointer against this process's copy of the allocator's bounds. So a second free is an error, and
/// a pointer that is foreign, stale, to another type or into the middle of an object.
///
/// BPF programs can write any number to all of that. It can lead to errors and lost slots, until
/// the allocator is [recovered](Self::recover). If a corrupted list sends two threads to the same
/// slot, only one of them gets it. A slot is handed out again only if the word of its object is
/// made to say that it is free. Then the first holder finds another word there when its object is
/// dropped or handed over. It frees nothing, and [`Stats::failed`] counts it.
///
/// # Lifetimes
///
/// Handles can go while there are objects. Those can still be freed, and the memory is unmapped
/// when the last one goes. [`close`](Self::close) ends the allocator for all processes.
///
/// A thread keeps a few free slots for itself, at most 63 of each size, so that it makes and frees
/// objects by plain loads and stores. All threads together keep at most a sixteenth of the slots of
/// a size, and none of fewer than 512. Other threads cannot have those until the thread ends. If it
/// ends without giving them back, as when its process exits, other threads find that out when they
/// need its slots (Linux 6.9). [`recover`](Self::recover) frees them on older kernels, those of a
/// process in another PID namespace, and those of one that runs another program since. Threads keep
/// slots where there is `membarrier` (Linux 4.16), by which the thread that closes the allocator
/// waits for the others. Elsewhere an object costs some atomic operations.
///
/// A forked child has the memory of a memfd arena, and copies of the objects, but no slots that its
/// parent's threads keep. Drop each object on one side alone ([`std::mem::forget`] the other).
pub struct Allocator {
    pub(crate) opened: Arc<Opened>,
}

impl Allocator {
    /// Makes an allocator in pages of the arena that are the caller's, from `config.at` on.
    ///
    /// It writes the header, and the words that an earlier allocator may have left in slots.
    ///
    /// # Errors
    ///
    /// [`AllocError::Config`]; [`AllocError::Occupied`] if there is an allocator that was not
    /// closed and drained, by its header, or overlapping, as far as this process has it open;
    /// [`AllocError::Overwritten`] if this process has one open there whose header makes no sense;
    /// [`AllocError::Ptr`] if it does not fit; [`AllocError::Place`] for a read-only arena.
    pub fn create(arena: &Arena, config: Config) -> Result<Self, AllocError> {
        let header = config::write(arena, &config, Keeper::overlapping)?;
        Ok(Self { opened: Opened::read(arena, header)? })
    }

    /// Opens the allocator at `at`, which another process made, or this one before a restart.
    ///
    /// If a process died that used it, [`recover`](Self::recover) it.
    ///
    /// # Errors
    ///
    /// [`AllocError::NoAllocator`] with what is wrong: the magic number, the version, or sizes that
    /// lead out of the arena; [`AllocError::Ptr`], [`AllocError::Place`].
    pub fn open(arena: &Arena, at: ArenaPtr<()>) -> Result<Self, AllocError> {
        let header = arena.var::<Header>(at.cast())?;
        Ok(Self { opened: Opened::read(arena, header)? })
    }

    /// Returns its place, which a BPF program or another process needs to use it.
    pub fn as_ptr(&self) -> ArenaPtr<()> {
        ArenaPtr::from_address(self.opened.start)
    }

    /// Makes an object.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfSlots`], [`AllocError::TooLarge`], [`AllocError::Misaligned`],
    /// [`AllocError::Closed`], [`AllocError::Recovering`], [`AllocError::Corrupt`];
    /// [`AllocError::Place`] for a type of no bytes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "else it returns through memory, which takes as long as all the rest")]
    pub fn alloc<T: Storable>(&self, value: T) -> Result<Object<T>, AllocError> {
        let opened = &*self.opened;
        let class = opened.class_of::<T>()?;
        match opened.take_last(class) {
            Some(held) => opened.make(class, held, value),
            None => opened.make_slowly(class, value),
        }
    }

    /// Frees an object that was handed over: by [`Object::into_ptr`], or by a BPF program.
    ///
    /// # Errors
    ///
    /// [`AllocError::ForeignObject`], [`AllocError::InteriorPointer`], [`AllocError::AlreadyFree`],
    /// [`AllocError::Stale`], [`AllocError::Owned`], [`AllocError::WrongType`],
    /// [`AllocError::Corrupt`]; [`AllocError::Ptr`] for a pointer that leads out of the arena.
    pub fn free<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<(), AllocError> {
        let (class, held) = self.opened.claim(ptr)?;
        self.opened.put_back(class, held);
        Ok(())
    }

    /// Takes an object that was handed over: it belongs to the `Object` alone from then on.
    ///
    /// # Errors
    ///
    /// As [`free`](Self::free).
    pub fn claim<T: MapValue>(&self, ptr: impl ObjectPtr<T>) -> Result<Object<T>, AllocError> {
        let opened = &*self.opened;
        let (class, held) = opened.claim(ptr)?;
        opened.keeper.count.made(shard::of_this_thread(opened).map(|own| own.balance));
        // SAFETY: `claim` has checked the place for a `T`; the slot is an object's, and is counted.
        Ok(unsafe { Object::new(opened, class.number, held) })
    }

    /// Takes and frees all objects that fields hold, and returns how many there were.
    ///
    /// This is for the values of a map, before the map is deleted.
    ///
    /// ```
    /// # use mapvalue::{Allocator, Arena, Kptr, Local, Mapping, arena::Config};
    /// # let arena = Arena::memfd(64)?;
    /// # let config = Config { value_size: 8, capacity: 100, ..Config::default() };
    /// # let objects = Allocator::create(&arena, config)?;
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
    /// The first of [`free`](Self::free), whose field is empty then; those after it are untouched.
    pub fn drain_objects<'a, T: MapValue>(
        &self,
        fields: impl IntoIterator<Item = &'a Shared<Kptr<T, Local>>>,
    ) -> Result<u64, AllocError> {
        let objects = fields.into_iter().map(Shared::<Kptr<T, Local>>::take).filter(|kptr| !kptr.is_null());
        objects.map(|kptr| self.free(kptr).map(|()| 1)).sum()
    }

    /// Returns how many objects and slots there are: none is used of an allocator that is drained.
    pub fn stats(&self) -> Stats {
        // Something else may be in its place.
        let is_drained = self.opened.state() == state::DRAINED || self.opened.is_replaced();
        // In use are all slots that were ever used, less the free ones, and those on their way.
        let of_class = |class: Class<'_>| {
            let layout::Class { value_size, capacity, .. } = *class.shape;
            if is_drained {
                return ClassStats { value_size, live: 0, capacity, used: 0 };
            }
            let free = class.opened.kept(class.number) + u64::from(class.words.listed.load_acquire());
            // Read last, so that it is not too small.
            let used = class.words.fresh.load_acquire().min(capacity);
            ClassStats { value_size, live: u64::from(used).saturating_sub(free), capacity, used }
        };
        let classes: Vec<_> = self.opened.classes().map(of_class).collect();
        let live = classes.iter().map(|class| class.live).sum();
        let capacity = classes.iter().map(|class| u64::from(class.capacity)).sum::<u64>();
        let failed = if is_drained { 0 } else { self.opened.header.failed.load() };
        Stats { live, free: capacity.saturating_sub(live), capacity, failed, classes }
    }
}

impl Clone for Allocator {
    fn clone(&self) -> Self {
        self.opened.handles.fetch_add(1, Ordering::Relaxed);
        Self { opened: Arc::clone(&self.opened) }
    }
}

impl Drop for Allocator {
    fn drop(&mut self) {
        if self.opened.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.opened.keeper.close(Arc::clone(&self.opened));
        }
    }
}

impl fmt::Debug for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocator").field("at", &self.as_ptr()).field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// How many objects there are and were.
///
/// ```
/// # use mapvalue::{Allocator, Arena, arena::Config};
/// let arena = Arena::memfd(1024)?;
/// let config = Config { capacity: 16, ..Config::default() };
/// let objects = Allocator::create(&arena, config)?; // of 13 sizes
/// let _one = objects.alloc([0u64; 5])?; // 40 bytes
/// let stats = objects.stats();
/// assert_eq!((stats.live, stats.free, stats.capacity), (1, 207, 208));
/// let class = stats.classes.into_iter().find(|class| class.live > 0).expect("an object");
/// assert_eq!((class.value_size, class.live, class.capacity), (48, 1, 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects. While others make and free some, it is an estimate: slots on their way, and up to
    /// 63 that a thread of another process keeps, may count twice or not at all.
    /// [`Closing::remaining`](super::Closing::remaining) is exact.
    pub live: u64,
    /// Slots without an object.
    pub free: u64,
    /// Slots.
    pub capacity: u64,
    /// Objects that were refused, since no slot was free or the list was broken; and slots that
    /// were lost, since somebody had written over their word, or keeps the lists closed.
    pub failed: u64,
    /// The same by size of slot, from small to large.
    pub classes: Vec<ClassStats>,
}

/// Statistics for one slot size.
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
